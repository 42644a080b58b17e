#include "elastic_threads.hpp"

#include <chrono>
#include <system_error>

namespace tundish {
namespace {

constexpr std::chrono::seconds kIdleTime{20};

}  // namespace

ElasticThreads::~ElasticThreads() {
    std::unique_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    ended_.wait(lock, [this] { return threads_ == 0; });
}

void ElasticThreads::run(std::function<void()> task) {
    std::unique_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
    if (idle_ >= tasks_.size() || threads_ == most_) return;
    ++threads_;
    try {
        std::thread([this] { work(); }).detach();
    } catch (const std::system_error&) {  // no more threads from the system: those that exist will come to it
        if (--threads_ > 0) return;
        task = std::move(tasks_.back());
        tasks_.pop_back();
        lock.unlock();
        task();
    }
}

bool ElasticThreads::exhausted() const {
    const std::lock_guard lock(mutex_);
    return threads_ == most_ && idle_ <= tasks_.size();
}

bool ElasticThreads::behind() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size() > idle_;
}

void ElasticThreads::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        changed_.wait_for(lock, kIdleTime, [this] { return closing_ || !tasks_.empty(); });
        --idle_;
        if (tasks_.empty()) break;  // idle for long, or closing
        const auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
    --threads_;
    ended_.notify_all();  // under the lock: the destructor must not free what is being notified
}

}  // namespace tundish
