#include "common_data.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "tundish/base/crc32c.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/gather.hpp"
#include "tundish/train/epoch_plan.hpp"

namespace tundish {
namespace {

constexpr std::int64_t kWhiteningSamples = 5000;

std::uint32_t checksum(const std::string& bytes) {
    return crc32c({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::uint32_t checksum(const SampleSet& samples) {
    const auto* labels = reinterpret_cast<const std::uint8_t*>(samples.labels.data());
    std::uint32_t sum = crc32c({labels, samples.labels.size() * sizeof(std::int64_t)});
    // One image in 64: enough to notice other data, without reading everything at each start.
    const std::size_t image = samples.shape.pixels();
    for (std::size_t at = 0; at < samples.pixels.size(); at += 64 * image)
        sum = crc32c(ByteSpan(samples.pixels).subspan(at, image), sum);
    return sum;
}

std::string describe(const SampleSet& samples, std::int64_t size, bool streamed) {
    return text(size, streamed ? " streamed samples " : " samples ", to_text(samples.shape), ", ",
                samples.class_names.size(), " classes, sum ", checksum(samples));
}

// One for all where all must be equal; else, in the order of ranks, what each group has.
std::string of_all_groups(const std::string& own, int together, Communicator& communicator) {
    const auto ranks = gather(communicator, own);
    std::string groups;
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
        const std::size_t first = rank - rank % static_cast<std::size_t>(together);
        if (ranks[rank] != ranks[first]) {
            throw DataError(text("the hosts hold different data, but their channels are FullyReplicated. Rank ", first,
                                 ": ", ranks[first], ". Rank ", rank, ": ", ranks[rank], '.'));
        }
        if (rank == first) groups += ranks[rank];
    }
    return static_cast<std::size_t>(together) == ranks.size() ? own : text("sum of groups ", checksum(groups));
}

}  // namespace

int ranks_with_same_training_samples(const TrainingData& data, Communicator& communicator) {
    if (communicator.any(data.stream != nullptr)) return 1;
    return data.train_sharded ? communicator.ranks_per_host() : communicator.size();
}

int ranks_with_same_validation_samples(const TrainingData& data, const Communicator& communicator) {
    return data.validation_sharded ? communicator.ranks_per_host() : communicator.size();
}

std::string fingerprint(const TrainingData& data, Communicator& communicator) {
    std::string out = of_all_groups(describe(data.train, data.train_size(), data.stream != nullptr),
                                    ranks_with_same_training_samples(data, communicator), communicator);
    if (!data.validation) return out;
    const std::string own = text("; validation ", data.validation->size(), ", sum ", checksum(*data.validation));
    return out + of_all_groups(own, ranks_with_same_validation_samples(data, communicator), communicator);
}

Preprocess measure(const SampleSet& train, const Shares& shares, Communicator& communicator) {
    const auto [begin, count] = part_of(train.size(), shares.place(), shares.places());
    const auto sums = pixel_sums(train, begin, begin + count);
    communicator.all_reduce_sum({sums});
    return preprocess_of(sums);
}

at::Tensor some_of_all(const SampleSet& train, const Shares& shares, Communicator& communicator) {
    const std::int64_t all = shares.all();
    const std::int64_t count = std::min(kWhiteningSamples, all);
    const auto chosen = at::arange(count, at::kLong).mul_(all).floor_divide_(count).sub_(shares.before());
    const auto held = chosen.index({chosen.ge(0).logical_and_(chosen.lt(train.size()))});
    const auto own = pixel_view(train).index_select(0, held);
    if (shares.one_group()) return own;
    // One rank of each group speaks for it.
    const auto bytes = shares.place() == 0 ? static_cast<std::size_t>(own.numel()) : std::size_t{0};
    std::string together;
    for (const auto& part : gather(communicator, std::string(static_cast<const char*>(own.const_data_ptr()), bytes)))
        together += part;
    return at::from_blob(together.data(), {count, own.size(1), own.size(2), own.size(3)}, at::kByte).clone();
}

}  // namespace tundish
