#pragma once

#include <chrono>

/// The one place that handles SIGTERM and SIGINT. A handler is installed explicitly because a process with pid 1 has no
/// default action for SIGTERM. The first signal sets a flag and wakes every wait on stop_fd(); a second one ends the
/// process at once with exit code 128 + signal, unless ignore_second_signals() was called.
namespace tundish {

/// Installs the handlers and ignores SIGPIPE. Call once, before threads are started.
void install_stop_signals();

/// From here on a second signal counts as the first one did, and ends nothing. Call before threads are started.
void ignore_second_signals() noexcept;

/// True after the first SIGTERM or SIGINT, or after request_stop(). Any thread.
bool stop_requested() noexcept;

/// A descriptor that becomes (and stays) readable when a stop is requested: put it into poll() beside what is awaited.
int stop_fd() noexcept;

/// Asks for a stop as the first signal would; a first signal may still come. Any thread.
void request_stop() noexcept;

/// Sleeps; returns true at once when a stop is requested.
bool sleep_unless_stopped(std::chrono::milliseconds duration);

}  // namespace tundish
