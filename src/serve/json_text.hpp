#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tundish {

/// Appends `value` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. What does not fit into
/// `most` bytes between the quotes is left out, whole characters only.
void append_json_string(std::string& out, std::string_view value, std::size_t most = std::string_view::npos);

}  // namespace tundish
