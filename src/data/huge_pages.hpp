#pragma once

#include "tundish/base/bytes.hpp"

namespace tundish {

/// Asks the kernel to back what `bytes` has reserved with huge pages. Filling 150 MB then costs 75 page
/// faults instead of 37,000, which take two thirds of the time of reading CIFAR-10, and random access misses
/// the TLB less. Only a hint: never fails.
void prefer_huge_pages(Bytes& bytes);

}  // namespace tundish
