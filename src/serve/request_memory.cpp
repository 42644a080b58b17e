#include "request_memory.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "tundish/base/heap.hpp"
#include "tundish/base/memory.hpp"

namespace tundish {

void RequestMemory::claim(std::size_t bytes) {
    if (body_.bytes() > 0) return grow(bytes);
    auto of_slice = bytes <= memory_.small_body ? memory_.small.try_take(bytes) : std::nullopt;
    small_ = of_slice.has_value();
    body_ = small_ ? std::move(*of_slice) : memory_.bodies.take(bytes, deadline_);
}

// What is no longer small moves to the room of the others, where there is some just now.
void RequestMemory::grow(std::size_t bytes) {
    if (!small_) return body_.grow(bytes);
    const std::size_t all = body_.bytes() + bytes;
    if (all <= memory_.small_body && body_.try_grow(bytes)) return;
    body_ = memory_.bodies.take_now(all);
    small_ = false;
}

// What was freed is not free for others before it is the kernel's again: the heap keeps it for the threads that share
// an arena, and there are many arenas. Not worth the time for small ones.
void RequestMemory::give_back(MemoryBudget::Lease& lease, std::size_t but) noexcept {
    constexpr std::size_t kWorthwhile = std::size_t{4} << 20;
    if (lease.bytes() > but + kWorthwhile) return_freed_memory();
    lease.shrink_to(but);
}

std::size_t default_working_memory() {
    constexpr std::size_t kLeast = std::size_t{256} << 20;
    return std::max(kLeast, static_cast<std::size_t>(memory_limit() / 4));
}

}  // namespace tundish
