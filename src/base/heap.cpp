#include "tundish/base/heap.hpp"

#include <malloc.h>

#include <algorithm>
#include <limits>

#include "tundish/base/processors.hpp"

namespace tundish {

void keep_freed_memory() {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // M_MMAP_THRESHOLD cannot be raised above 32 MB, and activations are larger: so no block is mapped on its own.
    ::mallopt(M_MMAP_MAX, 0);
    ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    ::mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void share_freed_memory() {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // Twelve 5000 x 5000 images, one or two at a time: 73 MB are left with two arenas, 171 with four, 317 with sixteen.
    // With fewer than there are processors, threads would wait for each other.
    ::mallopt(M_ARENA_MAX, std::max(2, usable_processors()));
#endif
}

void return_freed_memory() {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ::malloc_trim(0);
#endif
}

}  // namespace tundish
