#include "tundish/distributed/gather.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace tundish {

std::vector<std::int64_t> gather(Communicator& communicator, std::int64_t own) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(communicator.size()), 0);
    all[static_cast<std::size_t>(communicator.rank())] = own;
    communicator.all_reduce_sum({at::from_blob(all.data(), {communicator.size()}, at::kLong)});
    return all;
}

// Nobody else writes where a rank writes, so the sum of all is what was written.
std::vector<std::string> gather(Communicator& communicator, const std::string& own) {
    const auto lengths = gather(communicator, static_cast<std::int64_t>(own.size()));
    const auto before = [&](int rank) {
        return std::accumulate(lengths.begin(), lengths.begin() + rank, std::int64_t{0});
    };
    std::string bytes(static_cast<std::size_t>(before(communicator.size())), '\0');
    std::copy(own.begin(), own.end(), bytes.begin() + before(communicator.rank()));
    communicator.all_reduce_sum({at::from_blob(bytes.data(), {static_cast<std::int64_t>(bytes.size())}, at::kByte)});
    std::vector<std::string> all;
    for (int rank = 0; rank < communicator.size(); ++rank) {
        all.push_back(bytes.substr(static_cast<std::size_t>(before(rank)),
                                   static_cast<std::size_t>(lengths[static_cast<std::size_t>(rank)])));
    }
    return all;
}

}  // namespace tundish
