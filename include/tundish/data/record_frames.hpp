#pragma once

#include "tundish/data/image.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Records as other tools write them, appended to a buffer. Every function may be called from any thread.
namespace tundish {

/// The first bytes of a RecordIO record, and of each of its parts.
inline constexpr std::uint32_t kRecordIoMagic = 0xced7230a;

/// A RecordIO part is shorter than this.
inline constexpr std::uint64_t kRecordIoLimit = 1U << 29U;

/// The 8 bytes before a whole RecordIO payload of `size` bytes. Throws DataError from kRecordIoLimit on.
void append_recordio_header(std::string& out, std::uint64_t size);

/// How many zeros follow a RecordIO part of `size` bytes.
constexpr std::size_t recordio_padding(std::uint64_t size) {
    return static_cast<std::size_t>((4 - size % 4) % 4);
}

/// A RecordIO record as dmlc's writer makes it: where the magic lies in the payload, 4-byte aligned, the record is
/// split and the magic left out. Throws DataError when the payload is kRecordIoLimit or longer.
void append_recordio(std::string& out, ByteSpan payload);

/// A TFRecord: length and payload, each with its masked CRC-32C.
void append_tfrecord(std::string& out, ByteSpan payload);

/// A tf.train.Example as generate_cifar10_tfrecords.py writes it: `image` (raw pixels) and `label`. Pixels of another
/// shape than 3x32x32 tell it in `height`, `width` and `depth`.
void append_raw_example(std::string& out, ByteSpan pixels, const ImageShape& shape, std::int64_t label);

/// A tf.train.Example with `image/encoded`, `image/format` ("jpeg", "png", …) and `image/class/label`.
void append_encoded_example(std::string& out, ByteSpan image, std::int64_t label);

}  // namespace tundish
