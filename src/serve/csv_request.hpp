#pragma once

#include "pixel_builder.hpp"

#include <string_view>

namespace tundish {

/// Rows of channels * height * width numbers with commas between them; blanks around them, CRLF, and blank lines at
/// the end are accepted. Throws RequestError 400 "bad_csv", "wrong_shape", "bad_value" naming row and column.
ReplyForm read_csv_request(std::string_view body, PixelBuilder& out);

}  // namespace tundish
