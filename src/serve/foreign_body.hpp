#pragma once

#include "tundish/base/bytes.hpp"

#include <string_view>

namespace tundish {

/// What a body is that must not be taken for raw pixels, however long it is: "a GIF image", "a PDF document", "text".
/// Empty when it may be pixels. Files are known by their first bytes; text by a line break and many letters, without
/// any of the bytes that text has not: pictures of a few dark colours are not taken for it.
std::string_view foreign_kind(ByteSpan body);

/// Numbers with commas or line breaks between them, and nothing else.
bool looks_like_csv(std::string_view body);

}  // namespace tundish
