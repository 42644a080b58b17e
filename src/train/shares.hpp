#pragma once

#include <cstdint>
#include <vector>

#include "tundish/distributed/communicator.hpp"

namespace tundish {

/// Which ranks hold the same samples, and which of them each one takes. Every batch takes the same share of all hosts'
/// samples, so that hosts that hold more have more to do in each step and all end an epoch together.
class Shares {
  public:
    /// `held` samples lie with this rank, and the same ones with the others of its group: ranks in a row, `together` of
    /// them in each group. All ranks call it.
    Shares(std::int64_t held, int together, Communicator& communicator);

    /// Samples in all groups.
    [[nodiscard]] std::int64_t all() const;

    /// Samples that this rank holds.
    [[nodiscard]] std::int64_t held() const { return groups_[group_]; }

    /// Where they begin when all groups' samples lie in a row.
    [[nodiscard]] std::int64_t before() const;

    /// Samples of all groups in batch `batch` of `batches`.
    [[nodiscard]] std::int64_t planned(std::int64_t batch, std::int64_t batches) const;

    /// This rank's place among the `places()` of its group.
    [[nodiscard]] int place() const { return place_; }
    [[nodiscard]] int places() const { return places_; }

    /// Whether all ranks hold the same.
    [[nodiscard]] bool one_group() const { return groups_.size() == 1; }

  private:
    std::vector<std::int64_t> groups_;  ///< samples of each
    std::size_t group_;
    int place_;
    int places_;
};

}  // namespace tundish
