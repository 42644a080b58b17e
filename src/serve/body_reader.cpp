#include "body_reader.hpp"

#include <algorithm>
#include <cstdint>

#include "tundish/base/memory.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using Clock = Connection::Clock;

constexpr std::size_t kFirstPiece = std::size_t{4} << 20;  // reserved on the client's word; more as bytes come
constexpr std::size_t kFirstRoom = std::size_t{64} << 10;  // taken of the limit before the first byte
// Of a limit of 1 GiB: bodies of up to 1 MiB have 64 MiB beside it.
constexpr std::size_t kSmallBodies = 1024, kRoomForSmall = 16;

// std::string takes at least twice what it has.
void grow_to(std::string& body, std::size_t capacity) {
    std::string larger;
    larger.reserve(capacity);
    larger.append(body);
    body.swap(larger);
}

[[noreturn]] void too_large(std::size_t limit) {
    throw RequestError(413, "too_large",
                       text("the body is larger than the ", human_bytes(limit),
                            " that this server takes (--max-body): send fewer or smaller images"));
}

// Nothing for a chunked body.
std::optional<std::size_t> declared_length(const HttpHeaders& headers) {
    const std::size_t lengths = headers.count("Content-Length");
    const bool chunked = lower(headers.all("Transfer-Encoding")) == "chunked";
    if (headers.has("Transfer-Encoding") && (!chunked || lengths > 0)) {
        throw RequestError(400, "bad_request", "expected Transfer-Encoding: chunked alone, or Content-Length alone");
    }
    if (chunked) return std::nullopt;
    if (lengths == 0) return 0;
    const auto length = parse_number<std::size_t>(headers.get("Content-Length"));
    if (lengths > 1 || !length) throw RequestError(400, "bad_request", "Content-Length is not one whole number");
    return length;
}

void check_encoding(const HttpHeaders& headers) {
    const std::string encoding = lower(headers.all("Content-Encoding"));
    if (encoding.empty() || encoding == "identity") return;
    throw RequestError(415, "unsupported_content_encoding",
                       "Content-Encoding is not supported: send the body uncompressed (images are compressed already)");
}

}  // namespace

std::size_t HttpLimits::room_for_bodies() const {
    constexpr std::uint64_t kUsual = std::uint64_t{1} << 30;
    const auto wanted = all_bodies > 0 ? all_bodies : std::min(kUsual, memory_limit() / 4);
    return std::max(wanted, largest_body);
}

BodyReader::BodyReader(const HttpLimits& limits, std::size_t room)
    : limits_(limits), bodies_(room), small_(room / kSmallBodies), small_bodies_(room / kRoomForSmall) {}

bool BodyReader::short_of_room() const {
    return Clock::now() - refused_.load() < limits_.pressed_time;
}

void BodyReader::too_busy() {
    refused_ = Clock::now();
    throw RequestError(503, "busy", "too many large requests at once: send it again later");
}

BodyReader::Outcome BodyReader::read(Connection& connection, HttpRequest& request, const Source& source) {
    const auto refused = [&](RequestError error) {
        request.body = {};
        return Outcome{std::move(error), {}};
    };
    try {
        const auto length = declared_length(request.headers);
        if (length > limits_.largest_body) too_large(limits_.largest_body);  // nothing is less than any length
        check_encoding(request.headers);
        if (length == std::size_t{0}) return {};
        return {std::nullopt, read_all(connection, request, length, source)};
    } catch (const RequestError& error) {
        return refused(error);
    } catch (const std::bad_alloc&) {
        return refused({503, "out_of_memory", "no memory for a body of this size at the moment: send it again later"});
    }
}

// Where others have all the room just now, it is refused before it is sent.
MemoryBudget::Lease BodyReader::room_for(std::optional<std::size_t> length) {
    const bool small = length && *length <= small_;
    if (length.value_or(0) <= bodies_.free()) {
        if (auto lease = bodies_.try_take(small ? *length : std::min(length.value_or(0), kFirstRoom)))
            return std::move(*lease);
    }
    if (small) {
        if (auto lease = small_bodies_.try_take(*length)) return std::move(*lease);
    }
    too_busy();
}

// In steps of twice as much, up to its length.
bool BodyReader::take_room(std::size_t bytes, std::optional<std::size_t> length, MemoryBudget::Lease& lease) const {
    if (bytes <= lease.bytes()) return true;
    const std::size_t wanted = length ? std::max(bytes, std::min(2 * lease.bytes(), *length)) : bytes;
    return lease.try_grow(wanted - lease.bytes()) || lease.try_grow(bytes - lease.bytes());
}

// What a string is copied from when it grows is not counted.
bool BodyReader::make_room(std::string& body, std::size_t more, std::optional<std::size_t> length,
                           MemoryBudget::Lease& lease) const {
    const std::size_t needed = body.size() + more;
    if (length && !take_room(needed, length, lease)) return false;
    if (needed <= body.capacity()) return true;
    const std::size_t capacity = std::max(needed, length.value_or(std::min(2 * body.capacity(), limits_.largest_body)));
    if (!length && !take_room(capacity, length, lease)) return false;
    grow_to(body, capacity);
    return true;
}

MemoryBudget::Lease BodyReader::read_all(Connection& connection, HttpRequest& request,
                                         std::optional<std::size_t> length, const Source& source) {
    auto lease = room_for(length);
    if (lower(request.headers.get("Expect")) == "100-continue") {
        if (!connection.write(kContinue) || !connection.flush()) return lease;
    }
    const auto begin = Clock::now();
    std::string& body = request.body;
    body.reserve(std::min(length.value_or(0), kFirstPiece));
    connection.set_deadline(begin + limits_.stall_time, begin + limits_.pressed_time);
    bool too_long = false, no_room = false;
    const bool whole = source([&](std::string_view piece) {
        too_long = body.size() + piece.size() > limits_.largest_body;
        if (too_long) return false;
        no_room = !make_room(body, piece.size(), length, lease);
        if (no_room) return false;
        body.append(piece);
        const auto earned = std::chrono::milliseconds(1000 * body.size() / limits_.slowest_rate);
        const auto last = std::min(Clock::now(), begin + earned);
        connection.set_deadline(last + limits_.stall_time, last + limits_.pressed_time);
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
    return lease;
}

}  // namespace tundish
