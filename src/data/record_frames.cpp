#include "tundish/data/record_frames.hpp"

#include "tundish/base/crc32c.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/wire_writer.hpp"

#include <string_view>

namespace tundish {
namespace {

enum class Part : std::uint32_t { whole = 0, first = 1, middle = 2, last = 3 };

void append_part(std::string& out, Part part, ByteSpan data) {
    append_le(out, kRecordIoMagic);
    append_le(out, static_cast<std::uint32_t>(part) << 29U | static_cast<std::uint32_t>(data.size()));
    out += as_text(data);
    out.append(recordio_padding(data.size()), '\0');
}

void check_length(std::uint64_t size) {
    if (size < kRecordIoLimit) return;
    throw DataError(text("a RecordIO record holds less than ", kRecordIoLimit, " bytes, found ", size));
}

// ---- tf.train.Example

std::string in_field(std::uint32_t number, std::string_view content) {
    std::string out;
    append_bytes_field(out, number, content);
    return out;
}

void append_feature(std::string& features, std::string_view name, const std::string& feature) {
    std::string entry = in_field(1, name);
    append_bytes_field(entry, 2, feature);
    append_bytes_field(features, 1, entry);
}

void append_bytes_feature(std::string& features, std::string_view name, std::string_view value) {
    append_feature(features, name, in_field(1, in_field(1, value)));
}

void append_integer_feature(std::string& features, std::string_view name, std::int64_t value) {
    std::string packed;
    append_varint(packed, static_cast<std::uint64_t>(value));
    append_feature(features, name, in_field(3, in_field(1, packed)));
}

}  // namespace

void append_recordio_header(std::string& out, std::uint64_t size) {
    check_length(size);
    append_le(out, kRecordIoMagic);
    append_le(out, static_cast<std::uint32_t>(size));
}

void append_recordio(std::string& out, ByteSpan payload) {
    check_length(payload.size());
    std::size_t start = 0;
    for (std::size_t at = 0; at + 4 <= payload.size(); at += 4) {
        if (load_le<std::uint32_t>(payload.data() + at) != kRecordIoMagic) continue;
        append_part(out, start == 0 ? Part::first : Part::middle, payload.subspan(start, at - start));
        start = at + 4;
    }
    append_part(out, start == 0 ? Part::whole : Part::last, payload.subspan(start));
}

void append_tfrecord(std::string& out, ByteSpan payload) {
    std::string length;
    append_le(length, std::uint64_t{payload.size()});
    out += length;
    append_le(out, masked_crc32c(as_bytes(length)));
    out += as_text(payload);
    append_le(out, masked_crc32c(payload));
}

void append_raw_example(std::string& out, ByteSpan pixels, const ImageShape& shape, std::int64_t label) {
    std::string features;
    append_bytes_feature(features, "image", as_text(pixels));
    append_integer_feature(features, "label", label);
    if (shape != ImageShape{3, 32, 32}) {
        append_integer_feature(features, "height", shape.height);
        append_integer_feature(features, "width", shape.width);
        append_integer_feature(features, "depth", shape.channels);
    }
    append_bytes_field(out, 1, features);
}

void append_encoded_example(std::string& out, ByteSpan image, std::int64_t label) {
    std::string features;
    append_bytes_feature(features, "image/encoded", as_text(image));
    if (const auto format = image_format(image)) {
        append_bytes_feature(features, "image/format", lower(to_text(*format)));
    }
    append_integer_feature(features, "image/class/label", label);
    append_bytes_field(out, 1, features);
}

}  // namespace tundish
