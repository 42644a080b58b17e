#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tundish {

/// Keeps what one thread prepares for another below a number of bytes. Two pieces may be ahead however large they are,
/// so that both threads always have something to do. Any thread.
class ByteBudget {
  public:
    explicit ByteBudget(std::uint64_t bytes) : bytes_(bytes) {}

    /// Takes `bytes` for one more piece; blocks until they are left. False after cancel().
    bool take(std::uint64_t bytes) {
        std::unique_lock lock(mutex_);
        freed_.wait(lock, [&] { return cancelled_ || pieces_ < 2 || taken_ + bytes <= bytes_; });
        if (cancelled_) return false;
        ++pieces_;
        taken_ += bytes;
        return true;
    }

    /// A piece that was taken for `from` bytes turns out to have `to`.
    void correct(std::uint64_t from, std::uint64_t to) {
        const std::lock_guard lock(mutex_);
        taken_ += to - from;
        freed_.notify_all();
    }

    /// Gives a piece's bytes back.
    void give_back(std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        --pieces_;
        taken_ -= bytes;
        freed_.notify_all();
    }

    /// Ends all waits: whoever wanted the pieces has gone.
    void cancel() {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        freed_.notify_all();
    }

  private:
    const std::uint64_t bytes_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::uint64_t taken_ = 0;
    std::int64_t pieces_ = 0;
    bool cancelled_ = false;
};

}  // namespace tundish
