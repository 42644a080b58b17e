#pragma once

#include "tundish/data/sample_set.hpp"
#include "tundish/distributed/communicator.hpp"

namespace tundish {

/// Makes the samples that the ranks hold one data set, before train(): where channels are sharded, a host may hold no
/// samples, no test files, or not every class. Afterwards all ranks have the same image shape and class names, labels
/// to match, and a validation set (perhaps an empty one) where one rank has one. `num_classes` is what the job asks
/// for, 0 for any. Throws ConfigError or DataError, on all ranks, where that cannot be: different shapes, streams with
/// different classes, more or fewer classes than wanted, samples nowhere.
void unite(TrainingData& data, std::int64_t num_classes, Communicator& communicator);

}  // namespace tundish
