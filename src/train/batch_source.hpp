#pragma once

#include <cstdint>
#include <memory>

#include "shares.hpp"
#include "tundish/data/sample_set.hpp"
#include "tundish/model/augmentation.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// Where a rank's training batches come from: from samples in memory, or from a stream. Private to the train floor. One
/// thread.
class BatchSource {
  public:
    BatchSource() = default;
    BatchSource(const BatchSource&) = delete;
    BatchSource& operator=(const BatchSource&) = delete;
    virtual ~BatchSource() = default;

    /// The next batch is batch `first` of epoch `epoch`, both counted from 0. Throws as reading the channel does; then
    /// the epoch has no batches.
    virtual void begin_epoch(std::int64_t epoch, std::int64_t first) = 0;

    /// The next batch on the training device; an empty one when the data has ended before the epoch. Throws as reading
    /// the channel does.
    virtual BatchMaker::Batch next() = 0;
};

/// The source for `data`, which it borrows: what `shares` leaves to this rank, cut into recipe.steps_per_epoch batches
/// an epoch whose sizes differ by at most one.
std::unique_ptr<BatchSource> make_batch_source(const TrainingData& data, const Shares& shares, const Recipe& recipe,
                                               const Preprocess& preprocess, std::int64_t seed,
                                               const at::Device& device);

}  // namespace tundish
