#include "tundish/base/shutdown.hpp"

#include "support/catch.hpp"
#include "support/child.hpp"
#include "tundish/base/stopwatch.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <thread>
#include <unistd.h>

using namespace tundish;
using namespace std::chrono_literals;
using tundish::testing::exit_code_of;

namespace {

bool stop_fd_readable() {
    pollfd wait{stop_fd(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
}

// A forked child shares the descriptor's counter with its parent and its siblings: an earlier child's stop is
// still in it.
void forget_other_childrens_stop() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto ignored = ::read(stop_fd(), &count, sizeof count);
}

}  // namespace

TEST_CASE("nothing is stopped at first") {
    CHECK_FALSE(stop_requested());
    CHECK_FALSE(stop_fd_readable());
    CHECK_FALSE(sleep_unless_stopped(1ms));
}

TEST_CASE("the first signal sets the flag and the descriptor and the process goes on") {
    for (const int signal_number : {SIGTERM, SIGINT}) {
        CHECK(exit_code_of([&] {
                  forget_other_childrens_stop();
                  install_stop_signals();
                  std::raise(signal_number);
                  return stop_requested() && stop_fd_readable() ? 0 : 1;
              }) == 0);
    }
}

TEST_CASE("the second signal ends the process at once") {
    CHECK(exit_code_of([] {
              install_stop_signals();
              std::raise(SIGTERM);
              std::raise(SIGTERM);
              return 0;
          }) == 128 + SIGTERM);
}

TEST_CASE("a signal wakes a sleep") {
    CHECK(exit_code_of([] {
              forget_other_childrens_stop();
              install_stop_signals();
              const std::jthread other([] {
                  std::this_thread::sleep_for(50ms);
                  ::kill(::getpid(), SIGTERM);
              });
              const Stopwatch watch;
              return sleep_unless_stopped(20s) && watch.seconds() < 10 ? 0 : 1;
          }) == 0);
}

TEST_CASE("request_stop acts as a signal does, and SIGPIPE is ignored") {
    CHECK(exit_code_of([] {
              forget_other_childrens_stop();
              install_stop_signals();
              std::raise(SIGPIPE);
              request_stop();
              return stop_requested() && stop_fd_readable() && sleep_unless_stopped(20s) ? 0 : 1;
          }) == 0);
}
