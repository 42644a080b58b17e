#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "tundish/data/sample_set.hpp"
#include "tundish/distributed/communicator.hpp"
#include "tundish/model/augmentation.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// What a rank trains on in one step.
struct RankBatch {
    BatchMaker::Batch own;
    std::int64_t samples_of_all = 0;  ///< over all ranks
};

/// Where a rank's training batches come from: from samples in memory, or from a stream. Private to the train floor. One
/// thread.
class BatchSource {
  public:
    BatchSource() = default;
    BatchSource(const BatchSource&) = delete;
    BatchSource& operator=(const BatchSource&) = delete;
    virtual ~BatchSource() = default;

    /// The next batch is batch `first` of epoch `epoch`, both counted from 0.
    virtual void begin_epoch(std::int64_t epoch, std::int64_t first) = 0;

    /// The next batch on the training device; nothing when the data has ended before the epoch. Throws as reading the
    /// channel does.
    virtual std::optional<RankBatch> next() = 0;
};

/// The source for `data`, which it borrows, cut into recipe.steps_per_epoch batches an epoch whose sizes differ by at
/// most one, and those among the ranks. A stream is for a world of one.
std::unique_ptr<BatchSource> make_batch_source(const TrainingData& data, const Recipe& recipe,
                                               const Preprocess& preprocess, std::int64_t seed,
                                               const at::Device& device, const Communicator& communicator);

}  // namespace tundish
