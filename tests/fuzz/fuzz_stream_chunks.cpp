// Any bytes as a stream of records: the same records or the same DataError whether the bytes arrive at once, one by one
// or in pieces of any size. The first byte chooses the format and whether the stream is compressed, the second how the
// rest is framed: as it is, or cut into payloads, as right framing is unlikely by chance.

#include "support/framed_bytes.hpp"
#include "support/gzip_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/data/inflate.hpp"
#include "tundish/data/stream_reader.hpp"

#include <cstdlib>
#include <iostream>
#include <tuple>

using namespace tundish;
using namespace tundish::testing;

namespace {

constexpr std::size_t kMostRecords = 130;  // more than the layout detector looks at; whatever is behind them costs time

/// Another source's bytes, in reads of 1 to 64.
class RandomPieces : public ByteSource {
  public:
    RandomPieces(std::unique_ptr<ByteSource> source, std::uint64_t seed) : source_(std::move(source)), seed_(seed) {}

    std::size_t read(std::uint8_t* to, std::size_t size) override {
        return source_->read(to, std::min(size, static_cast<std::size_t>(1 + random_below(64, {seed_, turn_++}))));
    }
    bool next_part() override { return source_->next_part(); }
    [[nodiscard]] std::string what() const override { return source_->what(); }
    [[nodiscard]] std::string place() const override { return source_->place(); }
    [[nodiscard]] std::string advice(Damage damage) const override { return source_->advice(damage); }

  private:
    std::unique_ptr<ByteSource> source_;
    std::uint64_t seed_;
    std::uint64_t turn_ = 0;
};

struct Outcome {
    std::vector<std::tuple<Bytes, std::int64_t, std::int64_t, std::string, std::string>> records;
    std::optional<ImageShape> raw_shape;
    std::string error;
    bool operator==(const Outcome&) const = default;
};

Outcome read(std::unique_ptr<ByteSource> source, DataFormat format, const DataOptions& options) {
    ChannelSpec channel;
    channel.name = "train";
    Outcome out;
    try {
        StreamReader reader(inflate_on_sight(std::move(source)), channel, format, options);
        out.raw_shape = reader.raw_shape();
        while (const auto record = reader.next()) {
            if (record->problem.empty() && out.raw_shape && record->payload.size() != out.raw_shape->pixels())
                std::abort();
            out.records.emplace_back(record->payload, record->label, record->index, record->origin, record->problem);
        }
    } catch (const DataError& error) {
        out.error = error.what();
    }
    return out;
}

// One of CIFAR's records for each byte of the input: its label.
std::string cifar(const std::string& labels, DataFormat format) {
    std::string out;
    for (const char label : labels.substr(0, 8)) {
        if (format == DataFormat::cifar100) out += static_cast<char>(label % 20);
        out += label;
        out.append(3072, label);
    }
    return out;
}

std::string framed(const std::string& rest, DataFormat format, std::uint8_t way) {
    if (format == DataFormat::cifar10 || format == DataFormat::cifar100) {
        const auto whole = cifar(rest, format);
        return whole.substr(0, whole.size() - way * whole.size() / 1024);
    }
    if (way % 4 == 0) return rest;
    std::string out;
    const std::size_t size = 1 + way / 4;
    for (std::size_t at = 0; at < rest.size() && at / size < kMostRecords; at += size) {
        const auto payload = rest.substr(at, size);
        out += format == DataFormat::tfrecord ? tfrecord(payload) : recordio_dmlc(payload);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array kFormats{DataFormat::recordio, DataFormat::tfrecord, DataFormat::augmented_manifest,
                                  DataFormat::cifar10, DataFormat::cifar100};
    static const bool quiet = (log_setup(LogLevel::error), true);
    if (!quiet || size < 2) return 0;
    const auto format = kFormats[data[0] % kFormats.size()];
    DataOptions options;
    if (data[0] % 2 != 0) options.image_layout = ImageLayout::chw;
    options.image_shape = ImageShape{1, 2, 2};
    std::string bytes = framed(std::string(as_text({data + 2, size - 2})), format, data[1]);
    if (data[0] >= 192) bytes = gzipped(bytes);
    const auto at_once = read(memory_source(bytes), format, options);
    const auto one_by_one = read(memory_source(bytes, 1), format, options);
    const auto in_pieces = read(std::make_unique<RandomPieces>(memory_source(bytes), size), format, options);
    if (at_once == one_by_one && at_once == in_pieces) return 0;
    for (const auto* outcome : {&at_once, &one_by_one, &in_pieces})
        std::cerr << outcome->records.size() << " records, " << outcome->error << '\n';
    std::abort();
}
