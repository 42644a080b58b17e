#include "tundish/train/epoch_plan.hpp"

#include "tundish/base/random.hpp"

namespace tundish {

EpochPlan::EpochPlan(std::int64_t samples, std::int64_t batches, std::uint64_t seed, std::int64_t epoch)
    : order_(random_order(samples, seed, static_cast<std::uint64_t>(epoch))), batches_(batches) {}

std::span<const std::int64_t> EpochPlan::batch(std::int64_t batch) const {
    const auto samples = static_cast<std::int64_t>(order_.size());
    const std::int64_t begin = batch * samples / batches_;
    const std::int64_t end = (batch + 1) * samples / batches_;
    return std::span(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

}  // namespace tundish
