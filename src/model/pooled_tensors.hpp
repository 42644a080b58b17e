#pragma once

namespace tundish {

/// From now on a BlockPool gives the memory of CPU tensors of a megabyte and more, until the process ends. Does nothing
/// in a build with AddressSanitizer, which would see less there. Call before tensors are shared among threads.
void pool_large_tensors();

}  // namespace tundish
