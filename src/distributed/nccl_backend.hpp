#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "tundish/distributed/cluster.hpp"

namespace tundish {

/// Sets the NCCL_* variables that this host needs (nccl_environment.hpp); those that the user has set stay as they are.
/// Call before there are threads that read the environment.
void set_nccl_variables(const ClusterOptions& options);

/// A backend that hands tensors on GPUs to NCCL and those in main memory to `gloo`. Only in builds with CUDA. Rank 0
/// logs NCCL's version and variables.
c10::intrusive_ptr<c10d::Backend> nccl_beside(const c10::intrusive_ptr<c10d::Backend>& gloo,
                                              const ClusterOptions& options);

}  // namespace tundish
