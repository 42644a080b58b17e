#include "body_reader.hpp"

#include <charconv>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using Clock = Connection::Clock;

constexpr std::size_t kFirstPiece = std::size_t{4} << 20;  // taken on the client's word; more as bytes come

[[noreturn]] void too_large(std::size_t limit) {
    throw RequestError(413, "too_large",
                       text("the body is larger than the ", human_bytes(limit),
                            " that this server takes (--max-body): send fewer or smaller images"));
}

[[noreturn]] void too_busy() {
    throw RequestError(503, "busy", "too many large requests at once: send it again later");
}

// Nothing for a chunked body.
std::optional<std::size_t> declared_length(const HttpHeaders& headers) {
    const std::size_t lengths = headers.count("Content-Length");
    const bool chunked = lower(headers.get("Transfer-Encoding")) == "chunked";
    if (headers.has("Transfer-Encoding") && (!chunked || lengths > 0)) {
        throw RequestError(400, "bad_request", "expected Transfer-Encoding: chunked alone, or Content-Length alone");
    }
    if (chunked) return std::nullopt;
    if (lengths == 0) return 0;
    const std::string_view value = headers.get("Content-Length");
    std::size_t length = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (lengths > 1 || problem != std::errc() || end != value.data() + value.size()) {
        throw RequestError(400, "bad_request", "Content-Length is not one whole number");
    }
    return length;
}

void check_encoding(const HttpHeaders& headers) {
    const std::string encoding = lower(headers.get("Content-Encoding"));
    if (encoding.empty() || encoding == "identity") return;
    throw RequestError(415, "unsupported_content_encoding",
                       "Content-Encoding is not supported: send the body uncompressed (images are compressed already)");
}

}  // namespace

std::optional<RequestError> BodyReader::read(Connection& connection, HttpRequest& request, const Source& source) {
    try {
        const auto length = declared_length(request.headers);
        if (length > limits_.largest_body) too_large(limits_.largest_body);  // nothing is less than any length
        check_encoding(request.headers);
        if (length == std::size_t{0}) return std::nullopt;
        read_all(connection, request, length, source);
        return std::nullopt;
    } catch (const RequestError& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return RequestError(503, "out_of_memory",
                            "no memory for a body of this size at the moment: send it again later");
    }
}

void BodyReader::read_all(Connection& connection, HttpRequest& request, std::optional<std::size_t> length,
                          const Source& source) {
    const auto fits = [&](std::size_t bytes) { return held_ + bytes <= limits_.all_bodies; };
    if (!fits(length.value_or(0))) too_busy();
    Lease lease(*this, length.value_or(0));
    if (lower(request.headers.get("Expect")) == "100-continue") {
        if (!connection.write("HTTP/1.1 100 Continue\r\n\r\n") || !connection.flush()) return;
    }
    const auto begin = Clock::now();
    std::string& body = request.body;
    body.reserve(std::min(length.value_or(0), kFirstPiece));
    connection.set_deadline(begin + limits_.stall_time);
    bool too_long = false, no_room = false;
    const bool whole = source([&](std::string_view piece) {
        too_long = body.size() + piece.size() > limits_.largest_body;
        no_room = !length && !fits(piece.size());  // a chunked body takes its room as it comes
        if (too_long || no_room) return false;
        if (!length) lease.grow(piece.size());
        if (length && body.size() + piece.size() > body.capacity()) body.reserve(*length);
        body.append(piece);
        const auto earned = std::chrono::milliseconds(1000 * body.size() / limits_.slowest_rate);
        connection.set_deadline(std::min(Clock::now(), begin + earned) + limits_.stall_time);
        return true;
    });
    if (too_long) too_large(limits_.largest_body);
    if (no_room) too_busy();
    if (connection.timed_out()) {
        throw RequestError(408, "request_timeout",
                           text("only ", body.size(), " bytes of the body came in time: send faster"));
    }
    if (!whole || (length && body.size() != *length)) {
        throw RequestError(400, "bad_request", "the body is shorter than the headers say, or its chunks are malformed");
    }
}

}  // namespace tundish
