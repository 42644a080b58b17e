#pragma once

#include <cstddef>
#include <string>

namespace tundish {

/// Throws what the exception of LibTorch's that is being handled means to whoever serves, told by its words where its
/// type does not: TorchScript's interpreter makes one type of all. MemoryError with its remedy, where there is no
/// memory for `images` images at once; DeviceError, where the GPU has failed for good; else MachineError, with `what`
/// failed and why; TorchScript's traceback goes to the debug log. Our own errors and std::bad_alloc stay what they are.
/// Only within a catch.
[[noreturn]] void rethrow_as_ours(const std::string& what, std::size_t images, bool on_gpu);

}  // namespace tundish
