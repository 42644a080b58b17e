#pragma once

#include "tundish/base/bytes.hpp"

#include <cstddef>
#include <string_view>

namespace tundish {

/// How a request's body is read.
enum class BodyKind { image, base64_image, npy, json, json_lines, csv, recordio, raw, text, sniffed, unknown, refused };

/// By the type alone (see media_type_of): `text` and `sniffed` are looked at, `unknown` too, with 415 when that tells
/// nothing, or no more than that it could be raw pixels.
BodyKind kind_of(std::string_view media_type);

/// By the bytes: image, npy, recordio, json (one document or several), base64_image, csv; raw for a multiple of
/// `image_bytes` that is nothing else that is known; else unknown.
BodyKind kind_of(ByteSpan body, std::size_t image_bytes);

}  // namespace tundish
