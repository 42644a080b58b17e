#include "printable.hpp"

namespace tundish {

std::string printable(std::string_view sent) {
    constexpr std::size_t kLongest = 16;
    std::string out = "'";
    for (const char c : sent.substr(0, kLongest)) out += c >= ' ' && c <= '~' ? c : '?';
    return out + (sent.size() > kLongest ? "…'" : "'");
}

}  // namespace tundish
