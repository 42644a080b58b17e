#include "request_memory.hpp"

#include <algorithm>

#include "tundish/base/heap.hpp"
#include "tundish/base/memory.hpp"

namespace tundish {

void RequestMemory::claim(std::size_t bytes) {
    if (body_.bytes() > 0) return body_.grow(bytes);
    body_ = memory_.bodies.take(bytes, deadline_);
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
