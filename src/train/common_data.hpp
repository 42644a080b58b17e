#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "shares.hpp"
#include "tundish/data/sample_set.hpp"
#include "tundish/distributed/communicator.hpp"
#include "tundish/model/preprocess.hpp"

namespace tundish {

/// What is decided over the samples of all ranks, the same on all of them. Private to the train floor. All ranks call
/// these.

/// How many ranks in a row hold the same samples of the train channel: all of them, those of a host where it is
/// sharded, and one where it is streamed, since each keeps its own records.
int ranks_with_same_training_samples(const TrainingData& data, Communicator& communicator);

/// The same for the validation set.
int ranks_with_same_validation_samples(const TrainingData& data, const Communicator& communicator);

/// A few numbers that tell one data set from another, for resume: sample counts, shape, classes, a checksum of labels
/// and of some pixels. Throws DataError on every rank when ranks that must hold the same samples do not.
std::string fingerprint(const TrainingData& data, Communicator& communicator);

/// Mean and standard deviation over the train samples of all ranks; `shares` are of those at hand.
Preprocess measure(const SampleSet& train, const Shares& shares, Communicator& communicator);

/// An even choice of up to 5,000 images of all ranks' train samples, uint8 (n, C, H, W).
at::Tensor some_of_all(const SampleSet& train, const Shares& shares, Communicator& communicator);

}  // namespace tundish
