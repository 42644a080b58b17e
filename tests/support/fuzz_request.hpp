#pragma once

#include "tundish/serve/error_body.hpp"
#include "tundish/serve/reply_writer.hpp"
#include "tundish/serve/request_error.hpp"
#include "tundish/serve/request_parser.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tundish::testing {

/// Ends the program when a promise is broken, so that the fuzzer keeps the input.
inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
}

/// A refusal is the client's fault, short and printable.
inline void check_refusal(const RequestError& error) {
    const std::string_view message = error.what();
    promise(error.status() >= 400 && error.status() < 500, "a refusal is 4xx");
    promise(!error.code().empty() && !message.empty() && message.size() <= 500, "a refusal says why, briefly");
    for (const char c : message) promise(c < 0 || (c >= ' ' && c <= '~'), "a message is printable");
    promise(error_json(error.code(), message).size() < 2'048, "an error's body is short");
}

inline void check_pixels(const ParsedRequest& request, const ParseLimits& limits) {
    const auto& pixels = request.pixels;
    promise(pixels.images <= limits.max_images, "no more images than allowed");
    promise(pixels.images > 0 || !request.form.bad_lines.empty(), "a request without images is refused");
    promise(request.form.batch || request.form.envelope != Envelope::bare || pixels.images == 1,
            "one image without axis");
    std::visit(
        [&](const auto& values) {
            promise(values.size() == pixels.images * pixels.shape.pixels(), "as many values as the shape needs");
            promise(values.size() * sizeof values[0] <= limits.max_decoded_bytes, "no more memory than allowed");
            for (const auto value : values) promise(value >= 0 && value <= 255, "values are 0..255");
        },
        pixels.values);
}

/// Any body as `content_type`: pixels as promised and a reply in every type, or a refusal.
inline void try_request(std::string_view content_type, ByteSpan body, const ImageShape& model,
                        bool placeholders = false) {
    const std::array<std::string, 2> names{"a", "b"};
    const ParseLimits limits{
        .max_images = 64, .max_decoded_bytes = 1U << 20U, .placeholder_for_bad_lines = placeholders};
    try {
        const ParsedRequest request = parse_request(content_type, body, model, limits);
        check_pixels(request, limits);
        const std::vector<float> answers(request.pixels.images * names.size(), 0.5f);
        for (const auto type :
             {ReplyType::json, ReplyType::json_verbose, ReplyType::json_lines, ReplyType::csv, ReplyType::npy}) {
            promise(!write_reply(type, request.form, answers, names, placeholders).empty(), "there is a reply");
        }
    } catch (const RequestError& error) {
        check_refusal(error);
    }
}

}  // namespace tundish::testing
