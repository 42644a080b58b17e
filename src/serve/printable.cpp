#include "printable.hpp"

namespace tundish {

std::string printable(std::string_view sent, std::size_t longest) {
    std::string out = "'";
    for (const char c : sent.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
    return out + (sent.size() > longest ? "...'" : "'");
}

}  // namespace tundish
