#pragma once

#include "support/child.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"

#include <chrono>
#include <cstdint>
#include <thread>
#include <unistd.h>

namespace tundish::testing {

/// stop_fd() is an eventfd, which forked children share: takes an earlier child's stop out of it.
inline void forget_other_childrens_stop() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto ignored = ::read(stop_fd(), &count, sizeof count);
}

/// Runs `action` in a child that is asked to stop after `delay`. True when it ends with Stopped soon after.
template <typename Action>
bool stop_ends(Action action, std::chrono::milliseconds delay = std::chrono::milliseconds(50)) {
    forget_other_childrens_stop();
    const int code = exit_code_of([&] {
        const std::jthread stopper([&] {
            std::this_thread::sleep_for(delay);
            request_stop();
        });
        ::alarm(60);  // a wait that does not end fails the test, not the whole run
        try {
            action();
        } catch (const Stopped&) {
            return 0;
        }
        return 1;
    });
    forget_other_childrens_stop();
    return code == 0;
}

}  // namespace tundish::testing
