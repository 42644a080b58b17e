#include "shares.hpp"

#include <numeric>

#include "tundish/distributed/gather.hpp"
#include "tundish/train/epoch_plan.hpp"

namespace tundish {

Shares::Shares(std::int64_t held, int together, Communicator& communicator)
    : group_(static_cast<std::size_t>(communicator.rank() / together)),
      place_(communicator.rank() % together),
      places_(together) {
    const auto ranks = gather(communicator, held);
    for (std::size_t first = 0; first < ranks.size(); first += static_cast<std::size_t>(together))
        groups_.push_back(ranks[first]);
}

std::int64_t Shares::all() const {
    return std::accumulate(groups_.begin(), groups_.end(), std::int64_t{0});
}

std::int64_t Shares::before() const {
    return std::accumulate(groups_.begin(), groups_.begin() + static_cast<std::ptrdiff_t>(group_), std::int64_t{0});
}

std::int64_t Shares::planned(std::int64_t batch, std::int64_t batches) const {
    std::int64_t samples = 0;
    for (const auto group : groups_) samples += part_of(group, batch, batches).count;
    return samples;
}

}  // namespace tundish
