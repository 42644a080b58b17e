#include "tundish/serve/memory_budget.hpp"

#include "express_threads.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {
namespace {

[[noreturn]] void busy() {
    throw RequestError(
        503, "busy", "other requests take all the memory there is for requests and their replies: send it again later");
}

}  // namespace

MemoryBudget::Lease& MemoryBudget::Lease::operator=(Lease&& other) noexcept {
    if (this == &other) return *this;
    shrink_to(0);
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
}

void MemoryBudget::Lease::grow(std::size_t bytes) {
    budget_->check_size(bytes_ + bytes);
    if (!try_grow(bytes)) busy();
}

bool MemoryBudget::Lease::try_grow(std::size_t bytes) {
    const std::lock_guard lock(budget_->mutex_);
    if (bytes > budget_->total_ - budget_->used_) return false;
    budget_->used_ += bytes;
    bytes_ += bytes;
    return true;
}

void MemoryBudget::Lease::shrink_to(std::size_t bytes) noexcept {
    if (bytes >= bytes_) return;
    const std::lock_guard lock(budget_->mutex_);
    budget_->used_ -= bytes_ - bytes;
    bytes_ = bytes;
    budget_->serve_first();
}

MemoryBudget::Lease MemoryBudget::take(std::size_t bytes, Clock::time_point deadline) {
    check_size(bytes);
    std::unique_lock lock(mutex_);
    if (waiting_.empty() && bytes <= total_ - used_) {
        used_ += bytes;
        return {*this, bytes};
    }
    Waiter waiter;
    waiter.bytes = bytes;
    const auto place = waiting_.insert(waiting_.end(), &waiter);
    lock.unlock();
    ExpressThreads::about_to_wait();
    lock.lock();
    if (!waiter.changed.wait_until(lock, deadline, [&] { return waiter.served; })) {
        waiting_.erase(place);
        serve_first();  // those behind may need less
        busy();
    }
    return {*this, bytes};
}

MemoryBudget::Lease MemoryBudget::take_now(std::size_t bytes) {
    Lease lease(*this, 0);
    lease.grow(bytes);
    return lease;
}

std::optional<MemoryBudget::Lease> MemoryBudget::try_take(std::size_t bytes) {
    Lease lease(*this, 0);
    if (!lease.try_grow(bytes)) return std::nullopt;
    return lease;
}

void MemoryBudget::check_size(std::size_t bytes) const {
    if (bytes <= total_) return;
    throw RequestError(413, "too_large",
                       text("reading or answering this takes ", human_bytes(bytes), " of memory; a request may take ",
                            human_bytes(total_),
                            ". Send smaller images, or fewer at once, or give the server more (--working-memory)"));
}

// Whoever is first gets what is free, as long as it is enough. The lock is held.
void MemoryBudget::serve_first() {
    while (!waiting_.empty() && waiting_.front()->bytes <= total_ - used_) {
        Waiter& first = *waiting_.front();
        waiting_.pop_front();
        used_ += first.bytes;
        first.served = true;
        first.changed.notify_one();
    }
}

std::size_t MemoryBudget::used() const {
    const std::lock_guard lock(mutex_);
    return used_;
}

std::size_t MemoryBudget::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

}  // namespace tundish
