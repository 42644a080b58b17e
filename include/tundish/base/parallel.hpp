#pragma once

#include <cstddef>
#include <functional>

namespace tundish {

/// Calls `work(i)` once for every i in [0, count), on at most `threads` threads (the caller's is one of them), and
/// returns when all have ended. For short, coarse pieces of work such as a file each. A failure keeps pieces that have
/// not begun from starting; of several failures the one with the smallest i is thrown.
void for_each_index(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

}  // namespace tundish
