#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/data/labels.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tundish {

/// `u32 flag, f32 label, u64 id, u64 id2`: what stands before the labels and the image.
inline constexpr std::size_t kMxnetHeaderBytes = 24;

/// What one RecordIO payload of an image set holds.
struct MxnetRecord {
    std::optional<std::int64_t>
        label;  ///< absent for a payload that is an image alone (augmented manifest, wrapped files)
    std::uint64_t id = 0;
    ByteSpan image;  ///< into the payload: as a rule an encoded image
};

/// Parses MXNet's image record: `u32 flag, f32 label, u64 id, u64 id2`, `flag` float32 labels, the image. With flag 0
/// the header's label counts, else the list, as class_from_numbers() takes it. A payload that begins
/// like an image has no header. Throws DataError with the cause only. Any thread.
MxnetRecord parse_mxnet_record(ByteSpan payload, LabelFormat format = LabelFormat::multi_hot);

/// What lies behind the header of MXNet's image record and its labels, which may say anything: the image, as a rule.
/// Nothing when `payload` is too short for them. Any thread.
std::optional<ByteSpan> behind_mxnet_header(ByteSpan payload);

/// Appends a record with flag 0. Throws DataError for a label outside 0..kLabelLimit-1.
void append_mxnet_record(std::string& out, std::int64_t label, std::uint64_t id, ByteSpan image);

}  // namespace tundish
