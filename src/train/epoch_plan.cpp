#include "tundish/train/epoch_plan.hpp"

#include "tundish/base/random.hpp"

namespace tundish {

std::int64_t part_begin(std::int64_t samples, std::int64_t part, std::int64_t parts) {
    return part * samples / parts;
}

EpochPlan::EpochPlan(std::int64_t samples, std::int64_t batches, std::uint64_t seed, std::int64_t epoch)
    : order_(random_order(samples, seed, static_cast<std::uint64_t>(epoch))), batches_(batches) {}

std::span<const std::int64_t> EpochPlan::batch(std::int64_t batch) const {
    const auto samples = static_cast<std::int64_t>(order_.size());
    const std::int64_t begin = part_begin(samples, batch, batches_);
    const std::int64_t end = part_begin(samples, batch + 1, batches_);
    return std::span(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

std::span<const std::int64_t> EpochPlan::part(std::int64_t batch, int rank, int size) const {
    const auto whole = this->batch(batch);
    const auto samples = static_cast<std::int64_t>(whole.size());
    const std::int64_t begin = part_begin(samples, rank, size);
    const std::int64_t end = part_begin(samples, rank + 1, size);
    return whole.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

}  // namespace tundish
