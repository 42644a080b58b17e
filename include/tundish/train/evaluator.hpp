#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tundish/distributed/communicator.hpp"
#include "tundish/model/network.hpp"
#include "tundish/model/preprocess.hpp"
#include "tundish/train/epoch_report.hpp"

namespace tundish {

/// What an evaluation measures besides loss and accuracy.
struct EvaluationOptions {
    int top_k = 0;  ///< 0: off
    bool test_time_augmentation = false;
    bool confusion = false;
    at::ScalarType compute = at::kFloat;
};

/// One pass over samples without gradients, in evaluation mode, summed over all ranks. `pixels` (N, C, H, W) uint8 and
/// `labels` (N) are this rank's part. Loss is the plain cross-entropy, without label smoothing. Throws Stopped,
/// on all ranks together, when one of them was asked to stop before its part was done.
Evaluation evaluate(const Network& network, const Preprocess& preprocess, const at::Tensor& pixels,
                    const at::Tensor& labels, const EvaluationOptions& options, Communicator& communicator);

}  // namespace tundish
