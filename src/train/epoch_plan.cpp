#include "tundish/train/epoch_plan.hpp"

#include "tundish/base/random.hpp"

namespace tundish {
namespace {

std::span<const std::int64_t> cut(std::span<const std::int64_t> samples, std::int64_t part, std::int64_t parts) {
    const auto [begin, count] = part_of(static_cast<std::int64_t>(samples.size()), part, parts);
    return samples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
}

}  // namespace

Part part_of(std::int64_t samples, std::int64_t part, std::int64_t parts) {
    const std::int64_t begin = part * samples / parts;
    return {begin, (part + 1) * samples / parts - begin};
}

EpochPlan::EpochPlan(std::int64_t samples, std::int64_t batches, std::uint64_t seed, std::int64_t epoch)
    : order_(random_order(samples, seed, static_cast<std::uint64_t>(epoch))), batches_(batches) {}

std::span<const std::int64_t> EpochPlan::batch(std::int64_t batch) const {
    return cut(order_, batch, batches_);
}

std::span<const std::int64_t> EpochPlan::part(std::int64_t batch, int rank, int size) const {
    return cut(this->batch(batch), rank, size);
}

}  // namespace tundish
