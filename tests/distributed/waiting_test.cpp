// Ranks that wait for each other: what they say meanwhile, and when they give up.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "support/catch.hpp"
#include "support/rank_threads.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/unique_fd.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// All that `action` and its threads print on stdout. Not in a forked child, as LibTorch's threads do not live there.
template <typename Action>
std::string printed_by(Action action) {
    const TempFolder folder;
    std::fflush(nullptr);
    const UniqueFd before(::dup(1));
    const UniqueFd file(::open((folder.path() / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ::dup2(file.get(), 1);
    try {
        action();
    } catch (...) {
        ::dup2(before.get(), 1);
        throw;
    }
    std::fflush(nullptr);
    ::dup2(before.get(), 1);
    return folder.read("log");
}

}  // namespace

TEST_CASE("a rank that is waited for long is named in the log") {
    ClusterOptions options;
    options.note_interval = 4s;  // several looks of the watch: a busy machine may be late with one of them
    const auto log = printed_by([&] {
        as_ranks(
            3,
            [](Communicator& communicator) {
                if (communicator.rank() == 1) std::this_thread::sleep_for(9s);
                expect(!communicator.any(false), "nobody says yes");
            },
            options);
    });
    INFO(log);
    CHECK(log.find("waiting for 127.0.0.2 (rank 1) in an all-reduce") != std::string::npos);
    CHECK(log.find("waiting for 127.0.0.1") == std::string::npos);
}

TEST_CASE("a rank that does not come is waited for as long as the limit says, and named") {
    ClusterOptions options;
    options.hosts = {"127.0.0.1", "127.0.0.2"};
    options.network_interface = "lo";
    options.port = next_port();
    options.arrival_limit = 1s;
    CHECK_THROWS_WITH(join_cluster(options),
                      Catch::Matchers::StartsWith("127.0.0.2 (rank 1) did not come yet; gave up after 1 s"));
}
