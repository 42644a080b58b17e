#pragma once

#include "pixel_builder.hpp"

#include <string_view>

namespace tundish {

/// A JSON document: a bare value, `{"instances": […]}` or `{"inputs": …}`; or one a line, which are read as JSON Lines.
/// Throws RequestError 400 "bad_json" and what the images in it throw.
ReplyForm read_json_request(std::string_view body, PixelBuilder& out);

/// JSON Lines: an item a line.
ReplyForm read_json_lines(std::string_view body, PixelBuilder& out);

}  // namespace tundish
