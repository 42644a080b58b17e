#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

namespace tundish {

/// A first-in, first-out queue between threads that holds at most `capacity` items: a fast writer waits for a
/// slow reader. Every member may be called from any thread. Waits do not watch the stop flag: whoever feeds
/// the queue does, and closes it.
template <typename Item>
class BoundedQueue {
  public:
    /// A capacity of 0 counts as 1.
    explicit BoundedQueue(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}
    BoundedQueue(const BoundedQueue&) = delete;
    BoundedQueue& operator=(const BoundedQueue&) = delete;

    /// Blocks while the queue is full. False when the queue was closed: the item is dropped and the writer
    /// should end.
    bool push(Item item) {
        std::unique_lock lock(mutex_);
        not_full_.wait(lock, [this] { return closed_ || items_.size() < capacity_; });
        if (closed_) return false;
        items_.push_back(std::move(item));
        not_empty_.notify_one();
        return true;
    }

    /// Blocks while the queue is empty and open. Nothing at the end: closed and all items taken. After fail()
    /// the end is the failure, thrown once what was pushed before it has been taken.
    std::optional<Item> pop() {
        std::unique_lock lock(mutex_);
        not_empty_.wait(lock, [this] { return closed_ || !items_.empty(); });
        if (items_.empty()) {
            if (failure_) std::rethrow_exception(failure_);
            return std::nullopt;
        }
        std::optional<Item> item(std::move(items_.front()));
        items_.pop_front();
        not_full_.notify_one();
        return item;
    }

    /// No more items will come; those inside can still be taken.
    void close() { end(nullptr, false); }

    /// close() with a reason that pop() throws at the end. The first failure counts; after close() it is too
    /// late for one.
    void fail(std::exception_ptr failure) { end(std::move(failure), false); }

    /// close() that also drops the items inside: the reader has gone.
    void cancel() { end(nullptr, true); }

  private:
    void end(std::exception_ptr failure, bool drop) {
        std::deque<Item> dropped;  // destroyed after the lock is released
        const std::lock_guard lock(mutex_);
        if (!closed_) failure_ = std::move(failure);
        closed_ = true;
        if (drop) dropped.swap(items_);
        not_empty_.notify_all();
        not_full_.notify_all();
    }

    const std::size_t capacity_;
    std::mutex mutex_;
    std::condition_variable not_full_;
    std::condition_variable not_empty_;
    std::deque<Item> items_;
    std::exception_ptr failure_;
    bool closed_ = false;
};

}  // namespace tundish
