#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "tundish/distributed/cluster.hpp"

namespace tundish {

/// A backend that hands tensors on GPUs to NCCL and those in main memory to `gloo`. Only in builds with CUDA. NCCL_*
/// variables that the user has set stay as they are; rank 0 logs them all, with NCCL's version.
c10::intrusive_ptr<c10d::Backend> nccl_beside(const c10::intrusive_ptr<c10d::Backend>& gloo,
                                              const ClusterOptions& options);

}  // namespace tundish
