#include "json_text.hpp"

#include <cstdint>

namespace tundish {
namespace {

using std::string_view;

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The length of the UTF-8 character that begins here (RFC 3629); 0 when none does.
std::size_t character_length(string_view value) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(value[i]); };
    if (byte(0) < 0x80) return 1;
    const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || value.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(value[i])) return 0;
    }
    const bool too_long = (byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xF0 && byte(1) < 0x90);
    const bool not_a_character = (byte(0) == 0xED && byte(1) > 0x9F) || (byte(0) == 0xF4 && byte(1) > 0x8F);
    return too_long || not_a_character ? 0 : length;
}

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
        const std::size_t length = character_length(value);
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
