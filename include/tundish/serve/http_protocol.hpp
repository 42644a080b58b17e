#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "tundish/serve/connection.hpp"
#include "tundish/serve/http_message.hpp"

namespace tundish {

/// How much a client may send, and how slowly.
struct HttpLimits {
    std::size_t largest_body = std::size_t{128} << 20;  ///< 413 above; a larger Content-Length is refused unread
    std::size_t all_bodies = 0;  ///< of all requests being read or answered; 503 above. At least `largest_body`; 0: a
                                 ///< quarter of what the machine or container has, 1 GiB at most. Small bodies (a
                                 ///< 1,024th of it) have a sixteenth more among themselves
    std::chrono::seconds header_time{15};          ///< from the first byte of a request to its headers' end
    std::chrono::seconds stall_time{30};           ///< without a byte while a body or a reply is on its way
    std::size_t slowest_rate = 2000;               ///< bytes a second of a body or a reply, after the first stall_time
    std::chrono::milliseconds pressed_time{2000};  ///< in place of header_time and stall_time (of a body) while
                                                   ///< requests wait for a thread, or bodies find no room
    std::chrono::seconds idle_time{75};            ///< between requests of one connection

    /// What `all_bodies` comes to on this machine.
    [[nodiscard]] std::size_t room_for_bodies() const;
};

using HttpHandler = std::function<HttpReply(HttpRequest&)>;

/// HTTP/1.1 over a Connection: reads a request, calls the handler, writes its reply. The one place that knows
/// cpp-httplib, whose parsing and writing it uses; sockets, threads and limits are ours (its own server has a thread
/// for each connection, a backlog of 5 and a body limit of 8 KB for curl's default type). Any thread.
class HttpProtocol {
  public:
    /// `pressed` tells whether requests wait for a thread, `ending` that each connection ends with its next reply: the
    /// client is told. Any thread.
    HttpProtocol(const HttpLimits& limits, HttpHandler handler, std::function<bool()> pressed,
                 std::function<bool()> ending);
    ~HttpProtocol();

    /// One request and its reply. True when the connection may carry another request; otherwise close it gently. The
    /// log tells of a reply that could not be sent whole.
    bool exchange(Connection& connection);

    [[nodiscard]] const HttpLimits& limits() const { return limits_; }

  private:
    struct Library;
    HttpLimits limits_;
    std::unique_ptr<Library> library_;
    std::function<bool()> pressed_;
};

}  // namespace tundish
