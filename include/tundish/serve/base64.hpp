#pragma once

#include "tundish/base/bytes.hpp"

#include <string_view>

namespace tundish {

/// Decodes base64 text. Both alphabets (+/ and -_) and white space anywhere are accepted, and padding may be missing;
/// a foreign character, data behind the padding or left-over bits that are not zero throw RequestError 400
/// "bad_base64", which says where. Any thread.
Bytes decode_base64(std::string_view text);

/// True for text that begins like base64 of a JPEG, PNG, WebP or BMP file. `text` is not looked at as a whole.
bool looks_like_base64_image(std::string_view text);

}  // namespace tundish
