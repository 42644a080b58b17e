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

/// The arithmetic of convolutions for the asked precision on this device; says in the log when it will be slow. Throws
/// ConfigError for half precision on a CPU.
at::ScalarType choose_compute(Precision precision, const at::Device& device);

/// The network with its starting weights: seeded, and whitened from an even choice of 5,000 samples.
Network make_network(const TrainOptions& options, const SampleSet& train, const Preprocess& preprocess,
                     const at::Device& device);

/// A set's pixels or labels on the training device: shared on the CPU, through pinned memory to a GPU.
at::Tensor upload(const at::Tensor& host, const at::Device& device);

AugmentationOptions augmentation_of(const Recipe& recipe);

/// config.json's content but for the metrics.
ModelConfig model_config_of(const Network& network, const SampleSet& train, const Preprocess& preprocess,
                            at::ScalarType compute);

/// A few numbers that tell one data set from another, for resume: sample counts, shape, classes, a checksum of labels
/// and of some pixels.
/// Throws DataError on every rank when `data`'s fingerprint is not rank 0's on one of them.
void check_same_data(const std::string& fingerprint, Communicator& communicator);

/// What rank 0 has found becomes every rank's, which need not have the files.
std::optional<TrainingState> share_checkpoint(std::optional<TrainingState> found, Communicator& communicator);

/// Replaces the running statistics of batch norm, which each rank has of its own samples, by their mean over the ranks.
void average_statistics(const Network& network, Communicator& communicator);

std::string fingerprint(const TrainingData& data);

}  // namespace tundish
