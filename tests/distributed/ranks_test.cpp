// Several ranks on a host: `tundish train` starts a process for each, and ends with all of them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "cluster.hpp"
#include "support/catch.hpp"
#include "support/feed.hpp"
#include "support/job.hpp"
#include "support/next_port.hpp"

using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// All processes are gone so long after a fault at the latest.
constexpr std::chrono::seconds kGone{20 * kSlowness};

const Job::Hyperparameters kTwo{{"ranks_per_host", "2"}};
const Job::Hyperparameters kLong{{"ranks_per_host", "2"}, {"epochs", "400"}, {"deterministic", "false"}};

// 'S', 'R', 'Z' … of proc(5) and the parent; 0 and 0 when there is no such process.
std::pair<char, pid_t> state_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(in, stat);
    const auto after_name = stat.rfind(')');
    if (after_name == std::string::npos) return {0, 0};
    std::istringstream fields(stat.substr(after_name + 1));
    char state = 0;
    pid_t parent = 0;
    fields >> state >> parent;
    return {state, parent};
}

// The children of a process, oldest first: its ranks in their order.
std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid > 0 && state_of(pid).second == parent) found.push_back(pid);
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool gone(pid_t pid) {
    const char state = state_of(pid).first;
    return state == 0 || state == 'Z';
}

// One host with a process for each of its ranks. All of them must have ended with it.
class Host {
  public:
    explicit Host(const Job& job, Environment changes = {}) : process_(start(job, std::move(changes))) {}
    ~Host() {
        for (const pid_t rank : ranks_) CHECK(gone(rank));
        for (const pid_t rank : ranks_) ::kill(rank, SIGKILL);
    }

    // Waits until it trains.
    void run_in(std::size_t ranks) {
        REQUIRE(process_.wait_for("; train_loss="));
        ranks_ = children_of(process_.pid());
        REQUIRE(ranks_.size() == ranks);
    }
    [[nodiscard]] Process& process() { return process_; }
    [[nodiscard]] pid_t rank(std::size_t index) const { return ranks_.at(index); }

    Ended end() {
        Ended ended = process_.wait(kGone);
        INFO(ended.output);
        CHECK_FALSE(ended.hung);
        return ended;
    }

  private:
    static Process start(const Job& job, Environment changes) {
        for (const auto& [name, value] : job.environment()) changes[name] = value;
        changes.emplace("MASTER_PORT", std::to_string(next_port()));
        return {TUNDISH_EXECUTABLE, {"tundish", "train", "--root", job.root().string()}, changes};
    }

    Process process_;
    std::vector<pid_t> ranks_;
};

void check_same_losses(const std::string& one, const std::string& other) {
    for (const std::string name : {" train_loss=", " validation_loss="}) {
        const double expected = last_value(one, name);
        INFO(name);
        CHECK(expected > 0.0);
        CHECK(std::abs(last_value(other, name) - expected) < 1e-4 * expected);
    }
}

const Job::Hyperparameters kThreeEpochs{{"epochs", "3"}, {"optimizer", "sgd"}, {"learning_rate", "0.05"}};

Job::Hyperparameters with_two_ranks(Job::Hyperparameters settings) {
    settings["ranks_per_host"] = "2";
    return settings;
}

// 100 records of training and 50 of validation, as often as they are read.
Ended train_from_fifos(const Job& job) {
    job.write("input/config/inputdataconfig.json",
              R"({"train":{"TrainingInputMode":"Pipe"},"validation":{"TrainingInputMode":"Pipe"}})");
    job.write("train", cifar_records(0, 100));
    job.write("validation", cifar_records(100, 50));
    Process feeder = feed(job, {"train=" + job.at("train").string(), "validation=" + job.at("validation").string()});
    Host host(job);
    Ended ended = host.end();
    const Ended fed = feeder.wait();
    INFO(fed.output);
    CHECK(fed.code == 0);
    return ended;
}

std::string loopback_host(int host) {
    return R"({"current_host":"127.0.0.)" + std::to_string(host) +
           R"(","hosts":["127.0.0.1","127.0.0.2"],"network_interface_name":"lo"})";
}

}  // namespace

TEST_CASE("two ranks on a host give the losses of one") {
    Job alone(kThreeEpochs);
    const Ended one = alone.cifar10().train();
    REQUIRE(one.code == 0);
    Job job(with_two_ranks(kThreeEpochs));
    Host host(job.cifar10());
    const Ended two = host.end();
    REQUIRE(two.code == 0);
    check_same_losses(one.output, two.output);
    CHECK(one.count("; train_loss=") == two.count("; train_loss="));  // metric lines are rank 0's alone
    CHECK(two.says("[rank 1] "));
    CHECK_FALSE(two.says("[rank 0] "));
    CHECK(job.list("model").size() == 4);
    CHECK(job.list("output/data") == std::vector<std::string>{"algo-1"});
    CHECK_FALSE(job.has("output/failure"));
}

TEST_CASE("two hosts with two ranks each give the losses of one rank") {
    Job alone(kThreeEpochs);
    const Ended one = alone.cifar10().train();
    REQUIRE(one.code == 0);
    Job first(with_two_ranks(kThreeEpochs));
    Job second(with_two_ranks(kThreeEpochs));
    first.cifar10().write("input/config/resourceconfig.json", loopback_host(1));
    second.cifar10().write("input/config/resourceconfig.json", loopback_host(2));
    const Environment port{{"MASTER_PORT", std::to_string(next_port())}};
    Host b(second, port);
    Host a(first, port);
    const Ended ended = a.end();
    CHECK(ended.code == 0);
    CHECK(b.end().code == 0);
    CHECK(ended.says("all 4 ranks have come"));
    CHECK(b.process().output().find("this is 127.0.0.2 (rank 3)") != std::string::npos);
    check_same_losses(one.output, ended.output);
    CHECK(second.list("model").empty());
    CHECK(second.list("output/data").empty());
}

TEST_CASE("a killed rank is the cause, and no process is left") {
    Job job(kLong);
    const std::size_t victim = GENERATE(std::size_t{0}, std::size_t{1});
    Host host(job.cifar10());
    host.run_in(2);
    ::kill(host.rank(victim), SIGKILL);
    CHECK(host.end().code == 1);
    CHECK(job.failure().find("rank " + std::to_string(victim) + " was killed by signal 9 (out of memory?)") == 0);
}

TEST_CASE("the ranks end with their supervisor, however it ends") {
    Job job(kLong);
    Host host(job.cifar10());
    host.run_in(2);
    host.process().send(SIGKILL);
    CHECK(host.end().signal == SIGKILL);
    for (int i = 0; i < 50 && !(gone(host.rank(0)) && gone(host.rank(1))); ++i) std::this_thread::sleep_for(100ms);
}

TEST_CASE("a rank that stands still is named") {
    Job job(kLong);
    const std::size_t victim = GENERATE(std::size_t{0}, std::size_t{1});
    Host host(job.cifar10());
    host.run_in(2);
    ::kill(host.rank(victim), SIGSTOP);
    CHECK(host.end().code == 1);
    CHECK(job.failure().find("algo-1 (rank " + std::to_string(victim) + ") ") == 0);
}

TEST_CASE("SIGTERM to the supervisor alone stops all ranks with a checkpoint") {
    Job job(kLong);
    Host host(job.cifar10());
    host.run_in(2);
    host.process().send(SIGTERM);
    CHECK(host.end().code == 0);
    CHECK_FALSE(job.list("checkpoints").empty());
}

TEST_CASE("SIGTERM to every process stops them with a checkpoint, and the next start goes on") {
    Job job(kLong);
    {
        Host host(job.cifar10());
        host.run_in(2);
        for (const pid_t rank : {host.rank(0), host.rank(1)}) ::kill(rank, SIGTERM);  // as systemd does
        host.process().send(SIGTERM);
        CHECK(host.end().code == 0);
    }
    CHECK_FALSE(job.list("checkpoints").empty());
    CHECK_FALSE(job.has("output/failure"));
    Host again(job);
    CHECK(again.process().wait_for("resumed from a checkpoint"));
    again.run_in(2);
    ::kill(again.rank(1), SIGTERM);  // to one of them is to all
    CHECK(again.end().code == 0);
    CHECK_FALSE(job.has("output/failure"));
}

TEST_CASE("SIGTERM at any moment of the start ends all ranks with exit code 0") {
    Job job(kLong);
    job.cifar10();
    for (const auto delay : {0ms, 100ms, 300ms, 600ms, 1000ms, 1500ms}) {
        Host host(job);
        std::this_thread::sleep_for(delay * kSlowness);
        host.process().send(SIGTERM);
        const Ended ended = host.end();
        INFO(delay.count());
        CHECK((ended.code == 0 || ended.signal == SIGTERM));  // before main() nobody handles it
        CHECK_FALSE(job.has("output/failure"));
    }
}

TEST_CASE("bad data: exit code 2 and their cause in the failure file") {
    Job job(kTwo);
    job.cifar10().write("input/data/train/data_batch_1.bin", "short");
    Host host(job);
    CHECK(host.end().code == 2);
    CHECK(job.failure().find("data_batch_1.bin") != std::string::npos);
}

TEST_CASE("bad data on one of two hosts: exit 2 there, exit 1 and the rank's name on the other") {
    Job first(kTwo);
    Job second(kTwo);
    first.cifar10().write("input/config/resourceconfig.json", loopback_host(1));
    second.cifar10().write("input/config/resourceconfig.json", loopback_host(2));
    second.write("input/data/train/data_batch_1.bin", "short");
    const Environment port{{"MASTER_PORT", std::to_string(next_port())}};
    Host a(first, port);
    Host b(second, port);
    CHECK(b.end().code == 2);
    CHECK(a.end().code == 1);
    CHECK(second.failure().find("data_batch_1.bin") != std::string::npos);
    CHECK(first.failure().find("127.0.0.2 (rank ") == 0);
    CHECK(first.failure().find("data_batch_1.bin") != std::string::npos);
}

TEST_CASE("hosts with different numbers of ranks are found out") {
    Job first(kTwo);
    Job second(Job::Hyperparameters{{"ranks_per_host", "1"}});
    first.cifar10().write("input/config/resourceconfig.json", loopback_host(1));
    second.cifar10().write("input/config/resourceconfig.json", loopback_host(2));
    const Environment port{{"MASTER_PORT", std::to_string(next_port())}};
    Host a(first, port);
    Host b(second, port);
    CHECK(a.end().code == 2);
    CHECK(b.end().code == 2);
    CHECK(first.failure().find("the hosts do not agree on their ranks: ") == 0);
    CHECK(second.failure().find("the hosts do not agree on their ranks: ") == 0);
}

TEST_CASE("Pipe mode: the ranks of a host share its FIFOs, and the losses are those of one rank") {
    const std::string cache = GENERATE("auto", "none");
    CAPTURE(cache);
    Job::Hyperparameters settings = kThreeEpochs;
    if (cache == "none")
        settings.merge(Job::Hyperparameters{
            {"cache", "none"}, {"num_training_samples", "100"}, {"num_classes", "10"}, {"shuffle_buffer", "0"}});
    Job alone(settings);
    const Ended one = train_from_fifos(alone);
    REQUIRE(one.code == 0);
    Job job(with_two_ranks(settings));
    const Ended two = train_from_fifos(job);
    REQUIRE(two.code == 0);
    check_same_losses(one.output, two.output);
    CHECK(std::filesystem::is_empty(job.at("../tmp")));
    for (const auto& name : job.list("output")) CHECK(name.front() != '.');
}

TEST_CASE("Pipe mode with several ranks: a stream that is cut off ends all with its cause") {
    Job job(kTwo);
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    job.write("stream", cifar_records(0, 70).substr(0, 69 * 3073 + 1000));
    Process feeder = feed(job, {"--passes", "1", "train=" + job.at("stream").string()});
    Host host(job);
    CHECK(host.end().code == 2);
    CHECK(job.failure().find("record 69 (byte 212037)") != std::string::npos);
    CHECK_FALSE(feeder.wait().hung);
}

TEST_CASE(
    "Pipe mode with several ranks: what is no FIFO is refused, and what does not come is waited for until SIGTERM") {
    Job job(kTwo);
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    SECTION("a file") {
        job.write("input/data/train_0", "no FIFO");
        Host host(job);
        CHECK(host.end().code == 2);
        CHECK(job.failure().find(job.at("input/data/train_0").string() + "): expected a FIFO") != std::string::npos);
    }
    SECTION("nothing") {
        Host host(job);
        REQUIRE(host.process().wait_for("this host has 2 ranks"));
        host.process().let_run(500ms);
        host.process().send(SIGTERM);
        CHECK(host.end().code == 0);
        CHECK_FALSE(job.has("output/failure"));
    }
    CHECK(std::filesystem::is_empty(job.at("../tmp")));
    for (const auto& name : job.list("output")) CHECK(name.front() != '.');
}

TEST_CASE("Pipe mode with several ranks: what fails on one host is told to the others") {
    Job first(kTwo);
    Job second(kTwo);
    for (Job* job : {&first, &second})
        job->write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    first.write("input/config/resourceconfig.json", loopback_host(1));
    second.write("input/config/resourceconfig.json", loopback_host(2));
    second.write("input/data/train_0", "no FIFO");
    const Environment port{{"MASTER_PORT", std::to_string(next_port())}};
    Host a(first, port);
    Host b(second, port);
    CHECK(b.end().code == 2);
    CHECK(a.end().code == 1);
    CHECK(first.failure().find("127.0.0.2 (rank ") == 0);
    CHECK(first.failure().find("expected a FIFO") != std::string::npos);
}
