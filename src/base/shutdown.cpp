#include "tundish/base/shutdown.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

std::atomic<bool> g_stop{false};
std::atomic<bool> g_signalled{
    false};  // a stop that something else asked for does not make the first signal a second one
std::atomic<bool> g_second_signal_counts{true};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler may only touch lock-free state");

// Created before main() and never closed, so that the handler always finds it.
const int g_stop_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

void on_signal(int signal_number) {
    const int saved_errno = errno;
    if (g_signalled.exchange(true) && g_second_signal_counts) ::_exit(128 + signal_number);
    request_stop();
    errno = saved_errno;
}

}  // namespace

void install_stop_signals() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (const int signal_number : {SIGTERM, SIGINT}) {
        if (::sigaction(signal_number, &action, nullptr) != 0) {
            throw MachineError(text("cannot install a handler for signal ", signal_number, ": ", system_reason(errno)));
        }
    }
    std::signal(SIGPIPE, SIG_IGN);
}

void ignore_second_signals() noexcept {
    g_second_signal_counts.store(false);
}

bool stop_requested() noexcept {
    return g_stop.load();
}

int stop_fd() noexcept {
    return g_stop_event;
}

void request_stop() noexcept {
    g_stop.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(g_stop_event, &one, sizeof one);
}

bool sleep_unless_stopped(std::chrono::milliseconds duration) {
    pollfd wait{g_stop_event, POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(duration.count()));
    return stop_requested();
}

}  // namespace tundish
