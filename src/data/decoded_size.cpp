#include "decoded_size.hpp"

#include "tundish/base/error.hpp"
#include "tundish/data/image_header.hpp"

#include <optional>

namespace tundish {
namespace {

constexpr std::size_t kLooks = 32;  // records whose mean stands for all

std::optional<std::uint64_t> size_by_options(const std::optional<ImageShape>& raw, const DataOptions& options) {
    if (options.image_shape) return options.image_shape->pixels();
    if (!raw || !options.resize_short_side) return raw ? std::optional<std::uint64_t>(raw->pixels()) : std::nullopt;
    const int side = *options.resize_short_side;
    return ImageShape{raw->channels, side, side}.pixels();
}

// Nothing for a damaged image: whoever decodes it says what is wrong.
std::optional<std::uint64_t> size_by_header(const Record& record, const DataOptions& options) {
    if (!record.problem.empty()) return std::nullopt;
    try {
        const auto header = read_image_header(record.payload);
        const auto channels = std::uint64_t{header.grey ? 1U : 3U};
        const std::int64_t side = options.resize_short_side.value_or(0);
        const auto plane = static_cast<std::uint64_t>(side > 0 ? side * side : header.width * header.height);
        return channels * plane;
    } catch (const DataError&) {
        return std::nullopt;
    }
}

}  // namespace

std::uint64_t decoded_size(ResumedReader& reader, const DataOptions& options, std::int64_t count,
                           const std::function<std::uint64_t()>& stored_bytes) {
    const auto told = size_by_options(reader.raw_shape(), options);
    if (told && count > 0) return static_cast<std::uint64_t>(count) * *told;
    std::uint64_t images = 0;
    std::uint64_t stored = 0;
    std::uint64_t decoded = 0;
    for (std::size_t i = 0; i < kLooks && (count == 0 || images == 0); ++i) {
        const Record* record = reader.look_at(i);
        if (record == nullptr) break;
        const auto size = told ? told : size_by_header(*record, options);
        if (!size) continue;
        ++images;
        stored += record->payload.size();
        decoded += *size;
    }
    if (images == 0 || stored == 0) return 0;
    if (count > 0) return static_cast<std::uint64_t>(count) * decoded / images;
    return static_cast<std::uint64_t>(static_cast<double>(stored_bytes()) * static_cast<double>(decoded) /
                                      static_cast<double>(stored));
}

}  // namespace tundish
