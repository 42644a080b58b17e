#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
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

/// Without white space at both ends.
std::string_view trim(std::string_view value);

/// Up to the first line break.
std::string first_line(std::string_view value);

/// ASCII lower case.
std::string lower(std::string_view value);

/// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character in two.
std::string_view utf8_prefix(std::string_view value, std::size_t limit);

/// The member of `known` with the smallest edit distance to `word`; empty when none is near enough to be meant.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace tundish
