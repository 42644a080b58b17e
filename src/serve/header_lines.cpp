#include "header_lines.hpp"

#include <algorithm>
#include <array>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// Each line behind the first, with its line break; the last one may be unfinished.
template <typename Action>
void for_each_header_line(std::string_view head, const Action& action) {
    for (auto at = head.find('\n'); at != std::string_view::npos && at + 1 < head.size();) {
        const auto end = head.find('\n', at + 1);
        action(head.substr(at + 1, end == std::string_view::npos ? end : end - at));
        at = end;
    }
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view name) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    const auto may_be_in_one = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kOthers.find(c) != std::string_view::npos;
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), may_be_in_one);
}

}  // namespace

void HeaderLines::add(std::string_view bytes) {
    if (!ended_) bytes_.append(bytes.substr(0, kMostBytes - bytes_.size()));
}

bool HeaderLines::has_unknown_method() const {
    // RFC 9110, 9.1, and PATCH.
    constexpr std::array<std::string_view, 9> kKnown{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                     "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    std::string_view line(bytes_);
    line = line.substr(0, line.find("\r\n"));
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return false;
    const std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const bool unknown = std::find(kKnown.begin(), kKnown.end(), method) == kKnown.end();
    return unknown && !method.empty() && std::all_of(method.begin(), method.end(), is_upper) &&
           target.starts_with('/') && target.find(' ') == std::string_view::npos &&
           (version == "HTTP/1.0" || version == "HTTP/1.1");
}

bool HeaderLines::has_line_over(std::size_t longest) const {
    bool found = false;
    for_each_header_line(bytes_, [&](std::string_view line) { found |= line.size() > longest; });
    return found;
}

bool HeaderLines::has_bad_line() const {
    bool found = false;
    for_each_header_line(bytes_, [&](std::string_view line) {
        if (line == "\r\n") return;
        const auto colon = line.find(':');
        found |= !line.ends_with("\r\n") || colon == std::string_view::npos || !is_token(line.substr(0, colon));
    });
    return found;
}

HttpHeaders HeaderLines::fields() const {
    HttpHeaders found;
    for_each_header_line(bytes_, [&](std::string_view line) {
        const auto colon = line.find(':');
        if (!line.ends_with("\r\n") || colon == std::string_view::npos) return;
        found.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    });
    return found;
}

}  // namespace tundish
