#pragma once

#include <cstdint>

namespace tundish {

/// How many bytes this process may still take: the machine's available memory, or what its control group (version 1 or
/// 2) leaves of its limit if that is less. Any thread.
std::uint64_t usable_memory();

/// How many bytes there are for this process at all: the machine's memory, or the limit of its control group (version 1
/// or 2) if that is less. Any thread.
std::uint64_t memory_limit();

}  // namespace tundish
