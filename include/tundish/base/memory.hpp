#pragma once

#include <cstdint>
#include <filesystem>

namespace tundish {

/// How many bytes this process may still take: the machine's available memory, or what its control group (version 1 or
/// 2) leaves of its limit if that is less. Any thread.
std::uint64_t usable_memory();

/// How many bytes there are for this process at all: the machine's memory, or the limit of its control group (version 1
/// or 2) if that is less. Any thread.
std::uint64_t memory_limit();

/// What the limit of a control group leaves whose files (memory.max and so on) lie in the folder `group`; the largest
/// number when there is no limit. Cached parts of files that nobody uses count as left, as the kernel gives them up
/// first: whoever has read a large channel would find no memory otherwise. Any thread.
std::uint64_t left_by_group(const std::filesystem::path& group);

}  // namespace tundish
