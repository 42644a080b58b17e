#pragma once

#include <string>

#include "tundish/data/image.hpp"
#include "tundish/data/image_header.hpp"

namespace tundish {

/// How an image of another size becomes one of `shape`: the one resize rule of training, evaluation and serving.
/// Stretches to height x width, averaging areas when shrinking and interpolating bilinearly when growing.
Image resize(const Image& image, int height, int width);

/// The same rule for planar pixels wherever they lie, as bytes or (without rounding) as floats. `from` and `to` are
/// what `planes` and `out` hold; their channels are equal, heights and widths at least 1. Any thread.
void resize_into(const std::uint8_t* planes, const ImageShape& from, std::uint8_t* out, const ImageShape& to);
void resize_into(const float* planes, const ImageShape& from, float* out, const ImageShape& to);

/// Decodes JPEG, PNG, BMP or WebP bytes (whatever OpenCV was built with) to `channels` channels: grey is expanded,
/// colour is reduced, alpha is laid over white, EXIF orientation is applied. Sizes are checked from the header before
/// memory is taken: at most 178 million pixels. Throws DataError whose message says what the bytes look like; the
/// caller adds where they came from. Any thread.
Image decode_image(ByteSpan bytes, int channels);

/// How many bytes decode_image() holds at most while it decodes such an image, beside the encoded ones. Measured as
/// peaks of resident memory with OpenCV 4.6, libjpeg-turbo, libpng and libwebp, see image_codec.cpp.
std::size_t decoding_bytes(const ImageHeader& header);

/// True when the first bytes are those of an image format that decode_image() knows.
bool looks_like_image(ByteSpan bytes);

/// A PNG of an 8-bit image with 1 or 3 channels.
std::string encode_png(const Image& image);

}  // namespace tundish
