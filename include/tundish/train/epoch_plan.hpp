#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tundish {

/// Which samples each step of an epoch takes. An epoch is a random order of all samples cut into batches whose sizes
/// differ by at most one, so every sample is used once and there is no small last batch.
class EpochPlan {
  public:
    EpochPlan(std::int64_t samples, std::int64_t batches, std::uint64_t seed, std::int64_t epoch);

    /// The samples of step `batch` (0 .. batches-1) of this epoch. Borrowed from the plan.
    [[nodiscard]] std::span<const std::int64_t> batch(std::int64_t batch) const;

  private:
    std::vector<std::int64_t> order_;
    std::int64_t batches_;
};

}  // namespace tundish
