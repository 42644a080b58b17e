#include "tundish/serve/base64.hpp"

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <array>

namespace tundish {
namespace {

constexpr std::uint8_t kForeign = 255;
constexpr std::uint8_t kSpace = 254;
constexpr std::uint8_t kPadding = 253;

constexpr std::array<std::uint8_t, 256> make_values() {
    std::array<std::uint8_t, 256> values{};
    for (auto& value : values) value = kForeign;
    for (const char c : {' ', '\t', '\r', '\n'}) values[static_cast<unsigned char>(c)] = kSpace;
    for (std::uint8_t i = 0; i < 26; ++i) values['A' + i] = i;
    for (std::uint8_t i = 0; i < 26; ++i) values['a' + i] = static_cast<std::uint8_t>(26 + i);
    for (std::uint8_t i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(52 + i);
    values['+'] = values['-'] = 62;
    values['/'] = values['_'] = 63;
    values['='] = kPadding;
    return values;
}

constexpr auto kValues = make_values();

[[noreturn]] void refuse(std::string_view what, std::size_t at) {
    throw RequestError(400, "bad_base64", text("the base64 text is damaged: ", what, " at character ", at));
}

// What follows the last digit: white space and padding to a multiple of 4, if any.
void check_end(std::string_view text, std::size_t at, std::size_t digits) {
    std::size_t padding = 0;
    for (; at < text.size(); ++at) {
        const std::uint8_t value = kValues[static_cast<unsigned char>(text[at])];
        if (value == kPadding) {
            ++padding;
        } else if (value != kSpace) {
            refuse("something follows the padding", at);
        }
    }
    if (digits % 4 == 1 || (padding > 0 && (padding > 2 || (digits + padding) % 4 != 0))) {
        refuse("it ends too early or its padding is wrong", text.size());
    }
}

}  // namespace

Bytes decode_base64(std::string_view text) {
    Bytes out(text.size() / 4 * 3 + 3);
    std::uint8_t* to = out.data();
    std::uint32_t bits = 0;
    std::size_t digits = 0;
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        const std::uint8_t value = kValues[static_cast<unsigned char>(text[at])];
        if (value == kPadding) break;
        if (value == kSpace) continue;
        if (value == kForeign) refuse("a character that is not base64", at);
        bits = bits << 6U | value;
        if (++digits % 4 != 0) continue;
        *to++ = static_cast<std::uint8_t>(bits >> 16U);
        *to++ = static_cast<std::uint8_t>(bits >> 8U);
        *to++ = static_cast<std::uint8_t>(bits);
        bits = 0;
    }
    check_end(text, at, digits);
    const auto left = static_cast<unsigned>(digits % 4);  // 2 digits are a byte and 4 bits, 3 are two bytes and 2 bits
    if (left > 0 && (bits & (left == 2 ? 15U : 3U)) != 0) refuse("it ends in mid-byte", text.size());
    if (left == 2) *to++ = static_cast<std::uint8_t>(bits >> 4U);
    if (left == 3) {
        *to++ = static_cast<std::uint8_t>(bits >> 10U);
        *to++ = static_cast<std::uint8_t>(bits >> 2U);
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
    return out;
}

bool looks_like_base64_image(std::string_view text) {
    constexpr std::array<std::string_view, 6> kBeginnings{"iVBORw0KGgo", "/9j/", "_9j_", "UklGR", "Qk", "data:image/"};
    const std::string_view head = trim(text.substr(0, 64));
    return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](auto magic) { return head.starts_with(magic); });
}

}  // namespace tundish
