#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tundish {

/// Neighbours among samples that lie in an order.
struct Part {
    std::int64_t begin = 0;
    std::int64_t count = 0;
};

/// Part `part` (0 .. parts-1) of `samples` that are cut into `parts` whose sizes differ by at most one. Any thread.
Part part_of(std::int64_t samples, std::int64_t part, std::int64_t parts);

/// Which samples each step of an epoch takes. An epoch is a random order of all samples cut into batches whose sizes
/// differ by at most one, so every sample is used once and there is no small last batch.
class EpochPlan {
  public:
    EpochPlan(std::int64_t samples, std::int64_t batches, std::uint64_t seed, std::int64_t epoch);

    /// The samples of step `batch` (0 .. batches-1) of this epoch. Borrowed from the plan.
    [[nodiscard]] std::span<const std::int64_t> batch(std::int64_t batch) const;

    /// The part of that batch which `rank` of `size` ranks takes. The parts are disjoint, together they are the batch,
    /// and their sizes differ by at most one.
    [[nodiscard]] std::span<const std::int64_t> part(std::int64_t batch, int rank, int size) const;

  private:
    std::vector<std::int64_t> order_;
    std::int64_t batches_;
};

}  // namespace tundish
