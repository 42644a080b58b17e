#pragma once

#include <atomic>
#include <mutex>
#include <string>

namespace tundish {

enum class ServeState { starting, ready, failed, draining };

/// "starting", "ready", "failed", "draining".
const char* to_text(ServeState state);

/// Whether this server may be sent requests. Written by whoever loads and watches the model, read by every /ping
/// without a lock. Any thread.
class Health {
  public:
    [[nodiscard]] ServeState state() const { return state_.load(std::memory_order_acquire); }

    /// Why it is not ready: one sentence.
    [[nodiscard]] std::string reason() const;

    void set_ready();

    /// For good: the first failure counts, and nothing makes a failed server ready again.
    void set_failed(const std::string& reason);

    /// Failed, until set_unstuck() or for good: what was ready is at work for longer than anything should take.
    /// False: it was in another state, and still is.
    bool set_stuck(const std::string& reason);

    /// What was stuck has ended: ready again. False: it was in another state, and still is.
    bool set_unstuck();

    /// After a failure it stays failed.
    void set_draining();

  private:
    std::atomic<ServeState> state_{ServeState::starting};
    mutable std::mutex mutex_;
    bool stuck_ = false;  // failed, but not for good
    std::string reason_ = "the model is being loaded";
};

}  // namespace tundish
