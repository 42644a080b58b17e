#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

#include "tundish/serve/http_protocol.hpp"
#include "tundish/serve/memory_budget.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {

/// What a client that waits to be asked for its body is sent, and what every client but those of HTTP/1.0 passes over
/// while it waits for its reply (RFC 9110, 15.2).
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Reads the bodies of requests: how long they may be is decided before memory is taken, and all bodies together have
/// a limit. A body counts with what has come of it (the chunked ones with what their strings take), so that a client
/// that announces much and sends little holds nothing; small bodies have some room of their own, so that large ones,
/// however slow, do not keep them out. Any thread.
class BodyReader {
  public:
    /// Takes a piece; false stops the reading.
    using Take = std::function<bool(std::string_view)>;
    /// Reads the body piece by piece; false when the stream ended early, or `Take` stopped it.
    using Source = std::function<bool(const Take&)>;

    explicit BodyReader(const HttpLimits& limits) : BodyReader(limits, limits.room_for_bodies()) {}

    struct Outcome {
        std::optional<RequestError> refusal;  ///< the rest of the body is still on the connection then
        MemoryBudget::Lease memory;           ///< the body's part of the limit: keep it until the reply is made
    };

    /// Fills request.body, which stays empty when it is refused. The outcome must not outlive the reader.
    Outcome read(Connection& connection, HttpRequest& request, const Source& source);

    /// A body was refused for lack of room within HttpLimits::pressed_time: others that are slow had better go.
    [[nodiscard]] bool short_of_room() const;

  private:
    BodyReader(const HttpLimits& limits, std::size_t room);
    MemoryBudget::Lease room_for(std::optional<std::size_t> length);
    [[noreturn]] void too_busy();
    bool take_room(std::size_t bytes, std::optional<std::size_t> length, MemoryBudget::Lease& lease) const;
    bool make_room(std::string& body, std::size_t more, std::optional<std::size_t> length,
                   MemoryBudget::Lease& lease) const;
    MemoryBudget::Lease read_all(Connection& connection, HttpRequest& request, std::optional<std::size_t> length,
                                 const Source& source);

    HttpLimits limits_;
    MemoryBudget bodies_;
    std::size_t small_;  // bytes of a body that has a part in small_bodies_
    MemoryBudget small_bodies_;
    std::atomic<Connection::Clock::time_point> refused_{};  // when a body found no room
};

}  // namespace tundish
