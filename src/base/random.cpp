#include "tundish/base/random.hpp"

#include <numeric>
#include <utility>

namespace tundish {

std::vector<std::int64_t> random_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
    constexpr std::uint64_t kOrderStream = 0x6f72646572ULL;  // "order": apart from every other use of the seed
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    for (std::int64_t last = count - 1; last > 0; --last) {
        const std::int64_t other =
            random_below(last + 1, {kOrderStream, seed, epoch, static_cast<std::uint64_t>(last)});
        std::swap(order[static_cast<std::size_t>(last)], order[static_cast<std::size_t>(other)]);
    }
    return order;
}

}  // namespace tundish
