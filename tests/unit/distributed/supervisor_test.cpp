// Shell scripts stand for ranks: $2 is the local rank, descriptor 3 leads to the supervisor. The first one waits for a
// moment where the second one must have set its trap.
#include "tundish/distributed/supervisor.hpp"

#include <chrono>

#include "support/catch.hpp"
#include "support/stopped_child.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/stopwatch.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

SupervisorOptions two_ranks(const std::string& script) {
    SupervisorOptions options;
    options.executable = "/bin/sh";
    options.arguments = {"sh", "-c", script, "sh"};
    options.environments = {{}, {}};
    options.first_rank = 4;
    options.patience_after_failure = 1000ms;
    options.patience_after_loss = 1000ms;
    options.patience_after_success = 1000ms;
    return options;
}

// The message of the cause, or "" when all ended well.
std::string cause_of(const std::string& script, Blame expected = Blame::machine) {
    try {
        supervise(two_ranks(script));
        return "";
    } catch (const Error& error) {
        CHECK((error.blame() == expected));
        return error.what();
    }
}

// A rank 0 and a rank 1 with a script each.
std::string split(const std::string& first, const std::string& second) {
    return "if [ $2 = 0 ]; then " + first + "; else " + second + "; fi";
}

}  // namespace

TEST_CASE("ranks are told who they are and get their own variables") {
    const TempFolder folder;
    auto options = two_ranks("echo $* $COLOUR >" + folder.path().string() + "/$2");
    options.environments = {{{"COLOUR", "red"}}, {{"COLOUR", "blue"}}};
    supervise(options);
    const std::string tail = " --local-ranks 2 --supervisor " + std::to_string(::getpid());
    CHECK(folder.read("0") == "--local-rank 0" + tail + " red\n");
    CHECK(folder.read("1") == "--local-rank 1" + tail + " blue\n");
}

TEST_CASE("the guilty rank's cause wins over that of a peer which ended before") {
    CHECK(cause_of(split(R"(sleep 0.3; printf '0 1 1 rank 1 is gone\000' >&3; exit 1)",
                         R"(trap '' TERM; sleep 0.6; printf '1 0 2 bad record\000' >&3; exit 2)"),
                   Blame::user) == "bad record");
}

TEST_CASE("a killed rank is the cause, however a peer tells of it") {
    const auto cause = cause_of(split(R"(sleep 0.3; printf '0 1 1 rank 1 is gone\000' >&3; exit 1)",
                                      R"(trap '' TERM; sleep 0.6; kill -KILL $$)"));
    CHECK(cause.find("rank 5 was killed by signal 9 (out of memory?)") == 0);
}

TEST_CASE("a rank that hangs is killed after its time, and what its peer says is the cause") {
    const Stopwatch watch;
    CHECK(cause_of(split(R"(sleep 0.3; printf '0 1 1 rank 1 stopped answering\000' >&3; exit 1)",
                         R"(trap '' TERM; kill -STOP $$)")) == "rank 1 stopped answering");
    CHECK(watch.seconds() < 3.0);
}

TEST_CASE("an exit code without a word is a failure, too") {
    CHECK(cause_of("exit 7").find("ended with exit code 7 and did not say why") != std::string::npos);
}

TEST_CASE("a rank that hangs after another has ended well is killed; the job is done") {
    CHECK(cause_of(split("sleep 0.3; exit 0", "trap '' TERM; exec sleep 60")).empty());
}

TEST_CASE("a stop is passed on once") {
    const TempFolder folder;
    const std::string file = folder.path().string() + "/$2";
    const auto options =
        two_ranks("trap 'echo stop >>" + file + "; sleep 0.3; exit 0' TERM; while :; do sleep 0.02; done");
    forget_other_childrens_stop();
    const int code = exit_code_of([&] {
        ::alarm(30);
        std::jthread stopper([] {
            std::this_thread::sleep_for(300ms);
            request_stop();
        });
        supervise(options);
        return 0;
    });
    forget_other_childrens_stop();
    CHECK(code == 0);
    CHECK(folder.read("0") == "stop\n");
    CHECK(folder.read("1") == "stop\n");
}

TEST_CASE("what cannot be started is said") {
    auto options = two_ranks("");
    options.executable = "/missing";
    CHECK_THROWS_AS(supervise(options), MachineError);
}
