#pragma once

#include <string>
#include <string_view>

namespace tundish {

/// The body of an error reply: `{"error":"<code>","message":"<message>"}`. Always valid JSON of whole UTF-8 characters
/// and under 2,048 bytes, of which the platform shows a client no more: a longer message is cut. Any thread.
std::string error_json(std::string_view code, std::string_view message);

}  // namespace tundish
