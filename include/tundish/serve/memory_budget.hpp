#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

namespace tundish {

/// How much memory several threads may take together. Whoever wants some takes a lease first, and waits its turn when
/// there is not enough: in the order of asking, so that large ones are not starved by small ones. Taking what is free
/// costs a lock and no wait. Leases must not outlive it. Any thread.
class MemoryBudget {
  public:
    using Clock = std::chrono::steady_clock;

    explicit MemoryBudget(std::size_t bytes) : total_(bytes) {}

    /// Some bytes of the budget, given back at the end of its life. Used by one thread at a time.
    class Lease {
      public:
        Lease() = default;
        Lease(Lease&& other) noexcept
            : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
        Lease& operator=(Lease&& other) noexcept;
        ~Lease() { shrink_to(0); }

        [[nodiscard]] std::size_t bytes() const { return bytes_; }

        /// More, without waiting: two that hold some and wait for more would wait for each other. Throws as take()
        /// does, with "busy" where there is not enough just now. Of a lease that was taken only.
        void grow(std::size_t bytes);

        /// The same; false where there is not enough.
        [[nodiscard]] bool try_grow(std::size_t bytes);

        /// Gives back all but so many.
        void shrink_to(std::size_t bytes) noexcept;

      private:
        friend class MemoryBudget;
        Lease(MemoryBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {}

        MemoryBudget* budget_ = nullptr;
        std::size_t bytes_ = 0;
    };

    /// Waits until so many bytes are free and all who asked before have theirs. Throws RequestError: 413 "too_large" at
    /// once when they are more than the whole budget, 503 "busy" when they are not free by `deadline`.
    Lease take(std::size_t bytes, Clock::time_point deadline);

    /// Throws RequestError 413 "too_large" when they are more than the whole budget.
    void check_size(std::size_t bytes) const;

    /// Without waiting, whoever waits. Throws as take() does.
    Lease take_now(std::size_t bytes);

    /// Likewise; nothing when so many are not free.
    std::optional<Lease> try_take(std::size_t bytes);

    [[nodiscard]] std::size_t used() const;
    [[nodiscard]] std::size_t free() const { return total_ - used(); }

    /// How many wait in take().
    [[nodiscard]] std::size_t waiting() const;

  private:
    struct Waiter {
        std::size_t bytes = 0;
        bool served = false;
        std::condition_variable changed;
    };

    void serve_first();

    const std::size_t total_;
    mutable std::mutex mutex_;
    std::size_t used_ = 0;
    std::list<Waiter*> waiting_;  // each lies on the stack of the thread that waits
};

}  // namespace tundish
