#include "huge_pages.hpp"

#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace tundish {

void prefer_huge_pages(Bytes& bytes) {
    constexpr std::size_t kWorthwhile = 16 << 20;
    if (bytes.capacity() < kWorthwhile) return;
    // Only whole pages of the block; its neighbours are not ours to advise on.
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto first = (reinterpret_cast<std::uintptr_t>(bytes.data()) + page - 1) / page * page;
    const auto last = (reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.capacity()) / page * page;
    ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

}  // namespace tundish
