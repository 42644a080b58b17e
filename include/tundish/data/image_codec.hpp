#pragma once

#include <string>

#include "tundish/data/image.hpp"

namespace tundish {

/// How an image of another size becomes one of `shape`: the one resize rule of training, evaluation and serving.
/// Stretches to height x width, averaging areas when shrinking and interpolating bilinearly when growing.
Image resize(const Image& image, int height, int width);

/// Decodes JPEG, PNG, BMP or WebP bytes (whatever OpenCV was built with) to `channels` channels: grey is expanded,
/// colour is reduced, alpha is laid over white, EXIF orientation is applied. Sizes are checked from the header before
/// memory is taken: at most 178 million pixels. Throws DataError whose message says what the bytes look like; the
/// caller adds where they came from. Any thread.
Image decode_image(ByteSpan bytes, int channels);

/// True when the first bytes are those of an image format that decode_image() knows.
bool looks_like_image(ByteSpan bytes);

/// A PNG of an 8-bit image with 1 or 3 channels.
std::string encode_png(const Image& image);

}  // namespace tundish
