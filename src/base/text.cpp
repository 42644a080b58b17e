#include "tundish/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <numeric>

namespace tundish {

std::string fixed(double value, int digits) {
    std::ostringstream out;
    out.setf(std::ios::fixed);
    out.precision(digits);
    out << value;
    return out.str();
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> kUnits{"bytes", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000.0 && unit + 1 < kUnits.size()) {
        value /= 1000.0;
        ++unit;
    }
    return text(fixed(value, unit == 0 || value >= 100.0 ? 0 : 1), ' ', kUnits[unit]);
}

std::string human_seconds(double seconds) {
    if (seconds < 60.0) return text(fixed(seconds, seconds < 10.0 ? 1 : 0), " s");
    const auto whole = static_cast<std::int64_t>(seconds + 0.5);
    const auto two_digits = [](std::int64_t value) { return text(value < 10 ? "0" : "", value); };
    if (whole < 3600) return text(whole / 60, " min ", two_digits(whole % 60), " s");
    return text(whole / 3600, " h ", two_digits(whole % 3600 / 60), " min");
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
    std::string out;
    for (const auto& item : items) {
        if (!out.empty()) out += separator;
        out += item;
    }
    return out;
}

std::string_view trim(std::string_view value) {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    const auto first = value.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return value.substr(first, value.find_last_not_of(kSpace) - first + 1);
}

std::string first_line(std::string_view value) {
    return std::string(value.substr(0, value.find('\n')));
}

std::string lower(std::string_view value) {
    std::string out(value);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

namespace {

// 10xxxxxx: inside a UTF-8 character of several bytes.
bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string_view utf8_prefix(std::string_view value, std::size_t limit) {
    if (value.size() <= limit) return value;
    while (limit > 0 && is_continuation(value[limit])) --limit;  // to the byte that starts the cut character
    return value.substr(0, limit);
}

std::size_t utf8_character_length(std::string_view value) {
    if (value.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(value[i]); };
    if (byte(0) < 0x80) return 1;
    const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || value.size() < length) return 0;
    const auto rest = value.substr(1, length - 1);
    if (!std::all_of(rest.begin(), rest.end(), is_continuation)) return 0;
    const bool too_long = (byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xF0 && byte(1) < 0x90);
    // Halves of UTF-16's pairs, and numbers beyond U+10FFFF.
    const bool not_a_character = (byte(0) == 0xED && byte(1) > 0x9F) || (byte(0) == 0xF4 && byte(1) > 0x8F);
    return too_long || not_a_character ? 0 : length;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace tundish
