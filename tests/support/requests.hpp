#pragma once

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"
#include "tundish/serve/request_parser.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tundish::testing {

/// Small enough to write down: two rows of two pixels, in colour or grey.
inline constexpr ImageShape kTinyColour{3, 2, 2};
inline constexpr ImageShape kTinyGrey{1, 2, 2};

inline ParsedRequest parse(std::string_view type, std::string_view body, const ImageShape& model = kTinyColour,
                           const ParseLimits& limits = {}) {
    return parse_request(type, as_bytes(body), model, limits);
}

/// "400 bad_json: <message>" of what is thrown; "nothing was thrown" otherwise.
inline std::string refusal(std::string_view type, std::string_view body, const ImageShape& model = kTinyColour,
                           const ParseLimits& limits = {}) {
    try {
        parse(type, body, model, limits);
    } catch (const RequestError& error) {
        return text(error.status(), ' ', error.code(), ": ", error.what());
    }
    return "nothing was thrown";
}

/// The pixels as numbers, whichever way they are kept.
inline std::vector<float> values_of(const ParsedRequest& request) {
    return std::visit([](const auto& values) { return std::vector<float>(values.begin(), values.end()); },
                      request.pixels.values);
}

inline bool holds_bytes(const ParsedRequest& request) {
    return std::holds_alternative<Bytes>(request.pixels.values);
}

/// first, first + 1, … as pixels.
inline std::vector<float> counting(std::size_t count, float first = 0) {
    std::vector<float> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(first + static_cast<float>(i));
    return out;
}

}  // namespace tundish::testing
