#pragma once

#include <string>
#include <string_view>

namespace tundish {

/// The beginning of what a client sent, for a message: in quotes, at most 16 characters, other than printable ASCII
/// as '?'.
std::string printable(std::string_view sent);

}  // namespace tundish
