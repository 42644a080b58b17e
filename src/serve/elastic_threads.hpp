#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tundish {

/// Threads that come when all others are busy and go when they were idle for a while, so that a task starts at once
/// however many others are waiting for something. Beyond `most` threads tasks queue up.
class ElasticThreads {
  public:
    explicit ElasticThreads(std::size_t most) : most_(most) {}

    /// Waits until all tasks are done and all threads have ended.
    ~ElasticThreads();

    /// Any thread. `task` must not throw. Tasks that find no thread, because the system gives no more, wait for one;
    /// with no thread at all they run here.
    void run(std::function<void()> task);

    /// All threads there may be have a task: one more would wait. Any thread.
    [[nodiscard]] bool exhausted() const;

    /// Tasks wait for a thread. Any thread.
    [[nodiscard]] bool behind() const;

  private:
    void work();

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable changed_, ended_;
    std::deque<std::function<void()>> tasks_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
    bool closing_ = false;
};

}  // namespace tundish
