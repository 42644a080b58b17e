#include "json_text.hpp"

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using std::string_view;

std::string escaped(char c) {
    constexpr string_view kDigits = "0123456789abcdef";
    if (c == '"' || c == '\\') return {'\\', c};
    if (c == '\n') return "\\n";
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) return {'\\', 'u', '0', '0', kDigits[code >> 4U], kDigits[code & 15U]};
    return {c};
}

}  // namespace

void append_json_string(std::string& out, string_view value, std::size_t most) {
    out += '"';
    while (!value.empty()) {
        const std::size_t length = utf8_character_length(value);
        const std::string character = length == 0   ? "\xEF\xBF\xBD"
                                      : length == 1 ? escaped(value.front())
                                                    : std::string(value.substr(0, length));
        if (character.size() > most) break;
        most -= character.size();
        out += character;
        value.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

}  // namespace tundish
