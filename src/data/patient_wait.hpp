#pragma once

#include "tundish/base/stopwatch.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace tundish {

/// Keeps the time of one wait: what it says in the log now and then, when it has lasted too long, and whether to stop.
/// The waiting itself (sleep, poll) is the caller's, in steps of at most step().
class PatientWait {
  public:
    using Milliseconds = std::chrono::milliseconds;

    /// `what` names who waits and for what, "channel 'train', pass 0: waiting for …"; it is asked for only when it is
    /// needed. `deadline` 0: none.
    PatientWait(std::function<std::string()> what, Milliseconds deadline, Milliseconds notice_interval)
        : what_(std::move(what)),
          deadline_(deadline),
          notice_interval_(notice_interval),
          next_notice_(notice_interval) {}

    /// How long the next step may last: until the next notice or the deadline, a millisecond at least. Logs a notice
    /// that is due. Throws Stopped when a stop is requested.
    Milliseconds step();

    /// True when the deadline has passed.
    [[nodiscard]] bool over() const { return deadline_.count() > 0 && elapsed() >= deadline_; }

    /// "channel 'train', pass 0: waiting for … (31.0 s)"
    [[nodiscard]] std::string said() const;

  private:
    [[nodiscard]] Milliseconds elapsed() const {
        return std::chrono::floor<Milliseconds>(std::chrono::duration<double>(watch_.seconds()));
    }

    std::function<std::string()> what_;
    Milliseconds deadline_;
    Milliseconds notice_interval_;
    Milliseconds next_notice_;
    Stopwatch watch_;
};

}  // namespace tundish
