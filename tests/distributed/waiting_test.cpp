// Ranks that wait for each other: what they say meanwhile, and when they give up.
#include <fcntl.h>
#include <unistd.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "support/child.hpp"
#include "support/rank_threads.hpp"
#include "support/temp_folder.hpp"
#include "support/torch_catch.hpp"
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

// A rank 1 of two that says it is there and gives signs of life, and that nobody can connect to. Returns when rank 0
// has said why it ends.
void pretend_to_be_rank_1(int port, std::atomic<bool>& has_read) {
    c10d::TCPStoreOptions wanted;
    wanted.port = static_cast<std::uint16_t>(port);
    wanted.useLibUV = false;
    wanted.timeout = 30s;
    c10d::TCPStore store("127.0.0.1", wanted);
    store.set("here/1", std::vector<std::uint8_t>{1});
    for (; !store.check({"failure/0"}); std::this_thread::sleep_for(100ms)) store.add("beat/1", 1);
    has_read = true;
}

ClusterOptions rank_0_of_two() {
    ClusterOptions options;
    options.hosts = {"127.0.0.1", "127.0.0.2"};
    options.network_interface = "lo";
    options.port = next_port();
    return options;
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

TEST_CASE("a rank that ends does not wait for a sum that another has not begun") {
    const ClusterOptions options = rank_0_of_two();
    const std::jthread other([own = options]() mutable {
        own.rank = 1;
        const auto communicator = join_cluster(own);
        std::this_thread::sleep_for(12s);
    });
    auto communicator = join_cluster(options);
    static_cast<void>(communicator->start_sum(at::ones({100})));
    const auto begin = std::chrono::steady_clock::now();
    communicator.reset();
    CHECK(std::chrono::steady_clock::now() - begin < 9s);
}

TEST_CASE("a rank that does not come is waited for as long as the limit says, and named") {
    ClusterOptions options = rank_0_of_two();
    options.arrival_limit = 1s;
    CHECK_THROWS_WITH(join_cluster(options),
                      Catch::Matchers::StartsWith("127.0.0.2 (rank 1) did not come yet; gave up after 1 s"));
}

TEST_CASE("a rank that has come and cannot be connected to: what to check is said, to the others as well") {
    ClusterOptions options = rank_0_of_two();
    options.connect_limit = 2s;
    const int code = exit_code_of([&] {
        at::set_num_threads(1);
        ::alarm(60);
        std::atomic<bool> has_read = false;
        options.on_loss = [&](const std::string& reason) {
            const bool says = reason.find("could not connect to each of them over interface lo") != std::string::npos;
            ::_exit(says && has_read ? 7 : 8);
        };
        const std::jthread other([&] { pretend_to_be_rank_1(options.port, has_read); });
        join_cluster(options);
        return 1;
    });
    CHECK(code == 7);
}
