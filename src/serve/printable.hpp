#pragma once

#include <string>
#include <string_view>

namespace tundish {

/// The beginning of what a client sent, for a message or the log: in quotes, at most `longest` characters, other than
/// printable ASCII as '?'.
std::string printable(std::string_view sent, std::size_t longest = 16);

}  // namespace tundish
