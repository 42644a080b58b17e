#pragma once

#include "tundish/base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tundish {

enum class ImageFormat { jpeg, png, bmp, webp };

/// "JPEG", "PNG", "BMP", "WebP".
std::string to_text(ImageFormat format);

/// What an encoded image says of itself before any pixel is decoded.
struct ImageHeader {
    ImageFormat format = ImageFormat::jpeg;
    std::int64_t width = 0;  ///< pixels as stored, before the orientation is applied
    std::int64_t height = 0;
    bool alpha = false;   ///< has transparency
    bool grey = false;    ///< one channel, as JPEG and PNG can say
    int orientation = 1;  ///< EXIF: 1 upright … 8
};

/// The format that the first bytes announce; nothing when it is none of ours.
std::optional<ImageFormat> image_format(ByteSpan bytes);

/// Walks an image's structure from its first to its last marker or chunk. Throws DataError when the bytes are
/// of no known format, when the end is missing (OpenCV would fill what is missing with grey and only print a
/// warning), when the size is 0 or above kMaxImagePixels. Never reads past the bytes. Any thread.
ImageHeader read_image_header(ByteSpan bytes);

/// The pixels of the largest image that is decoded: a small file can claim far more memory than a machine
/// has.
inline constexpr std::int64_t kMaxImagePixels = 178'000'000;

/// What bytes look like, for messages: "a GIF image", "gzip-compressed data", "text that begins '<html>'",
/// "bytes 0a 23 …".
std::string describe_bytes(ByteSpan bytes);

/// True for GIF and TIFF, which are not read. Any thread.
bool is_image_of_other_kind(ByteSpan bytes);

}  // namespace tundish
