#pragma once

#include <string>
#include <string_view>

namespace tundish::testing {

/// "0aff 10" as bytes; blanks are passed over.
inline std::string from_hex(std::string_view digits) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    int high = -1;
    for (const char c : digits) {
        if (c == ' ') continue;
        if (high < 0) {
            high = value(c);
        } else {
            bytes += static_cast<char>(high * 16 + value(c));
            high = -1;
        }
    }
    return bytes;
}

}  // namespace tundish::testing
