#include "tundish/serve/request_parser.hpp"

#include "body_kind.hpp"
#include "csv_request.hpp"
#include "foreign_body.hpp"
#include "json_request.hpp"
#include "npy_values.hpp"
#include "pixel_builder.hpp"
#include "printable.hpp"
#include "recordio_request.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/serve/base64.hpp"
#include "tundish/serve/media_type.hpp"
#include "tundish/serve/npy.hpp"
#include "tundish/serve/request_error.hpp"

#include <utility>

namespace tundish {
namespace {

using std::string_view;

constexpr const char* kUnrecognised = "unrecognised_body";
constexpr string_view kTypeOfCurl = "application/x-www-form-urlencoded";
constexpr string_view kAccepted =
    "image/png, image/jpeg, application/x-image, application/octet-stream, application/x-npy, application/json, "
    "application/jsonlines, text/csv, application/x-recordio";

[[noreturn]] void refuse_type(string_view media_type) {
    if (media_type.starts_with("multipart/")) {
        throw RequestError(415, "unsupported_media_type",
                           "forms are not read: send the file itself as the body (curl --data-binary @image.png; "
                           "requests: data=…)");
    }
    throw RequestError(415, "unsupported_media_type",
                       text("Content-Type ", printable(media_type, 80), " is not read; accepted: ", kAccepted));
}

// Windows editors put a byte order mark in front of text.
string_view text_of(ByteSpan body) {
    string_view value = as_text(body);
    if (value.starts_with("\xEF\xBB\xBF")) value.remove_prefix(3);
    if (trim(value).empty()) throw RequestError(400, "empty_body", "the body is blank; expected at least one image");
    return value;
}

void read_base64(string_view body, PixelBuilder& out) {
    out.claim(body.size());  // more than the bytes that it is decoded to
    out.add_base64(body);
}

ReplyForm read_image(ByteSpan body, PixelBuilder& out) {
    if (!looks_like_image(body) && looks_like_base64_image(as_text(body))) {
        read_base64(as_text(body), out);
    } else {
        out.add_encoded(body);
    }
    return {};
}

// As numbers, and once more as planes.
std::size_t memory_for(const NpyArray& file) {
    const std::size_t bytes_of_value = file.type.kind == NpyType::Kind::floating ? sizeof(float) : 1;
    return 2 * bytes_of_value * (file.data.size() / file.type.bytes);
}

ReplyForm read_npy(ByteSpan body, PixelBuilder& out) {
    try {
        const NpyArray file = parse_npy(body);
        out.claim(memory_for(file));
        return {Envelope::bare, out.add_array(to_numbers(file)), {}};
    } catch (const RequestError& error) {
        if (*error.what() == '[') throw error.at("element");
        throw;
    }
}

ReplyForm read_raw(ByteSpan body, PixelBuilder& out) {
    out.claim(body.size());
    out.add_raw(body);
    return {Envelope::bare, body.size() > out.model().pixels(), {}};
}

BodyKind kind_of_text(string_view body) {
    if (looks_like_base64_image(body)) return BodyKind::base64_image;
    const char first = trim(body).front();
    return first == '[' || first == '{' ? BodyKind::json : BodyKind::csv;
}

[[noreturn]] void refuse_unrecognised(ByteSpan body, const ImageShape& model) {
    const string_view foreign = foreign_kind(body);
    const bool of_no_kind = foreign.empty() || foreign == "text";
    throw RequestError(
        400, kUnrecognised,
        text("the body is ", of_no_kind ? describe_bytes(body) : foreign,
             ", neither an image that is read (JPEG, PNG, BMP, WebP) nor npy, JSON, CSV or RecordIO; raw pixels of ",
             to_text(model), " have ", model.pixels(), " bytes an image", of_no_kind ? ". Give the Content-Type" : ""));
}

// Such as by a client that says JSON of all that it sends.
void refuse_image_as(BodyKind kind, ByteSpan body) {
    const auto format = image_format(body);
    const bool is_text =
        kind == BodyKind::json || kind == BodyKind::json_lines || kind == BodyKind::csv || kind == BodyKind::text;
    if (!format || !is_text) return;
    throw RequestError(
        400, "bad_image",
        text("the body is a ", to_text(*format), " image: send Content-Type image/", lower(to_text(*format))));
}

BodyKind decide_kind(string_view media_type, ByteSpan body, const ImageShape& model) {
    const BodyKind named = kind_of(media_type);
    if (named == BodyKind::refused) refuse_type(media_type);
    if (body.empty()) throw RequestError(400, "empty_body", "the body is empty; expected an image");
    refuse_image_as(named, body);
    if (named == BodyKind::text) return kind_of_text(text_of(body));
    if (named != BodyKind::sniffed && named != BodyKind::unknown) return named;
    const BodyKind seen = kind_of(body, model.pixels());
    // Raw pixels are told by their length alone, which is no reason to doubt a type that says something else.
    if (named == BodyKind::unknown && (seen == BodyKind::raw || seen == BodyKind::unknown)) refuse_type(media_type);
    if (seen != BodyKind::unknown) return seen;
    refuse_unrecognised(body, model);
}

ReplyForm read_as(BodyKind kind, ByteSpan body, PixelBuilder& out) {
    switch (kind) {
        case BodyKind::base64_image:
            read_base64(text_of(body), out);
            return {};
        case BodyKind::npy:
            return read_npy(body, out);
        case BodyKind::json:
            return read_json_request(text_of(body), out);
        case BodyKind::json_lines:
            return read_json_lines(text_of(body), out);
        case BodyKind::csv:
            return read_csv_request(text_of(body), out);
        case BodyKind::recordio:
            return read_recordio_request(body, out);
        case BodyKind::raw:
            return read_raw(body, out);
        default:
            return read_image(body, out);
    }
}

ParsedRequest parse_as_told(string_view media_type, ByteSpan body, const ImageShape& model_shape,
                            const ParseLimits& limits) {
    PixelBuilder pixels(model_shape, limits);
    const BodyKind kind = decide_kind(media_type, body, model_shape);
    if (kind == BodyKind::json && body.size() > limits.max_json_bytes) {
        throw RequestError(413, "too_large",
                           text("a JSON document may have ", human_bytes(limits.max_json_bytes),
                                ", because reading it takes many times as much memory; found ",
                                human_bytes(body.size()), ". Send application/x-npy or JSON Lines"));
    }
    ReplyForm form = read_as(kind, body, pixels);
    return std::move(pixels).finish(std::move(form));
}

// `curl -d @FILE` leaves out line breaks and zeros, which an image does not survive.
bool may_lack_bytes(string_view media_type, const RequestError& error) {
    const bool of_the_body = error.place().empty();  // not of an item in JSON
    return of_the_body && media_type == kTypeOfCurl && (error.code() == "bad_image" || error.code() == kUnrecognised);
}

}  // namespace

ParsedRequest parse_request(string_view content_type, ByteSpan body, const ImageShape& model_shape,
                            const ParseLimits& limits) {
    const auto media_type = media_type_of(content_type);
    try {
        return parse_as_told(media_type, body, model_shape, limits);
    } catch (const RequestError& error) {
        if (!may_lack_bytes(media_type, error)) throw;
        throw error.advising(" (curl -d drops bytes: use --data-binary)");
    }
}

}  // namespace tundish
