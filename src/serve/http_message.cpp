#include "tundish/serve/http_message.hpp"

#include <strings.h>

#include <algorithm>
#include <sstream>

#include "tundish/base/text.hpp"
#include "tundish/serve/error_body.hpp"

namespace tundish {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string_view HttpHeaders::get(std::string_view name) const {
    const auto found =
        std::find_if(fields_.begin(), fields_.end(), [&](const auto& field) { return same_name(field.first, name); });
    return found == fields_.end() ? std::string_view{} : std::string_view{found->second};
}

std::string HttpHeaders::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [field, value] : fields_) {
        if (same_name(field, name) && !value.empty()) values.push_back(value);
    }
    return join(values, ", ");
}

bool HttpHeaders::lists(std::string_view name, std::string_view word) const {
    std::istringstream items(all(name));
    for (std::string item; std::getline(items, item, ',');) {
        if (same_name(trim(item), word)) return true;
    }
    return false;
}

std::size_t HttpHeaders::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(fields_.begin(), fields_.end(), [&](const auto& field) { return same_name(field.first, name); }));
}

HttpReply error_reply(int status, std::string_view code, std::string_view message) {
    return {status, "application/json", error_json(code, message), {}, std::string(code)};
}

}  // namespace tundish
