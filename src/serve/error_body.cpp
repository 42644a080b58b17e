#include "tundish/serve/error_body.hpp"

#include "json_text.hpp"

namespace tundish {

std::string error_json(std::string_view code, std::string_view message) {
    constexpr std::size_t kLongestCode = 64;
    constexpr std::size_t kLongestMessage = 1'900;
    std::string out = R"({"error":)";
    append_json_string(out, code, kLongestCode);
    out += R"(,"message":)";
    append_json_string(out, message, kLongestMessage);
    return out + '}';
}

}  // namespace tundish
