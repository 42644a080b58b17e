#include "tundish/serve/media_type.hpp"

#include "tundish/base/text.hpp"

namespace tundish {

std::string media_type_of(std::string_view content_type) {
    return lower(trim(content_type.substr(0, content_type.find(';'))));
}

std::string_view content_type_of(ReplyType type) {
    switch (type) {
        case ReplyType::json_lines:
            return "application/jsonlines";
        case ReplyType::csv:
            return "text/csv";
        case ReplyType::npy:
            return "application/x-npy";
        case ReplyType::json:
        case ReplyType::json_verbose:
            break;
    }
    return "application/json";
}

}  // namespace tundish
