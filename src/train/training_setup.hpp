#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "tundish/data/sample_set.hpp"
#include "tundish/distributed/communicator.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/augmentation.hpp"
#include "tundish/model/network.hpp"
#include "tundish/train/checkpoint.hpp"
#include "tundish/train/options.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// What the trainer decides once, before its first step. Private to the train floor.

/// The arithmetic of convolutions for the asked precision on this device. Throws ConfigError for half precision on a
/// CPU.
at::ScalarType choose_compute(Precision precision, const at::Device& device);

/// Says in the log what is about to be trained, where and how, and what is doubtful in that.
void announce(const TrainOptions& options, const Recipe& recipe, const Network& network, at::ScalarType compute,
              bool validates);

/// What gradients are sent as; nothing: as they are.
std::optional<at::ScalarType> wire_dtype_of(GradientCompression compression);

/// No weight is infinite or not a number.
bool all_finite(const std::vector<NamedTensor>& tensors);

/// A few images, (n, channels, height, width) uint8, on which the artifact is compared with the network; one black
/// image for a rank without any.
at::Tensor pixels_to_verify(const TrainingData& data);

/// The network with its starting weights: seeded, and whitened from `pixels`.
Network make_network(const TrainOptions& options, const SampleSet& train, const at::Tensor& pixels,
                     const Preprocess& preprocess, const at::Device& device);

/// A set's pixels or labels on the training device: shared on the CPU, through pinned memory to a GPU.
at::Tensor upload(const at::Tensor& host, const at::Device& device);

AugmentationOptions augmentation_of(const Recipe& recipe);

/// config.json's content but for the metrics.
ModelConfig config_of(const Network& network, const SampleSet& train, const DataOptions& data,
                      const Preprocess& preprocess, at::ScalarType compute);

/// What rank 0 has found becomes every rank's, which need not have the files.
std::optional<TrainingState> share_checkpoint(std::optional<TrainingState> found, Communicator& communicator);

/// Replaces the running statistics of batch norm, which each rank has of its own samples, by their mean over the ranks,
/// weighted by `samples`: how many this rank has trained on since the last time.
void average_statistics(const Network& network, std::int64_t samples, Communicator& communicator);

}  // namespace tundish
