#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace tundish {

/// Joins its arguments as an ostream would print them: `text("record ", 17, ": label ", label)`.
template <typename... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

/// A number in fixed-point notation, never with an exponent: metric regexes capture `[0-9.]+`.
std::string fixed(double value, int digits);

/// "1.5 GB", "312 MB", "17 bytes": powers of 1,000.
std::string human_bytes(std::uint64_t bytes);

/// "2 h 05 min", "3 min 20 s", "4.2 s".
std::string human_seconds(double seconds);

/// `items` joined by `separator`.
std::string join(const std::vector<std::string>& items, std::string_view separator);

/// The number that the whole of `value` is, as std::from_chars() reads it (a floating-point Number: inf and nan, too);
/// nothing for any other text, one that is too large included.
template <typename Number>
std::optional<Number> parse_number(std::string_view value) {
    Number number{};
    const char* const end = value.data() + value.size();
    const auto [read_to, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || read_to != end) return std::nullopt;
    return number;
}

/// Without white space at both ends.
std::string_view trim(std::string_view value);

/// Up to the first line break.
std::string first_line(std::string_view value);

/// ASCII lower case.
std::string lower(std::string_view value);

/// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character in two.
std::string_view utf8_prefix(std::string_view value, std::size_t limit);

/// The length of the well-formed UTF-8 character (RFC 3629) that `value` begins with: 1 to 4; 0 when its bytes are
/// damaged or there are none.
std::size_t utf8_character_length(std::string_view value);

/// The member of `known` with the smallest edit distance to `word`; empty when none is near enough to be meant.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace tundish
