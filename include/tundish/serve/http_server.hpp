#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "tundish/serve/http_protocol.hpp"
#include "tundish/serve/listener.hpp"

namespace tundish {

struct HttpServerOptions {
    int port = 8080;
    HttpLimits limits;
    std::size_t most_connections = 4096;  ///< a new one beyond them takes the place of the one that has been
                                          ///< idle longest; when none is, it waits in the kernel's backlog
    std::size_t most_threads = 1024;      ///< requests being read, waited for or answered
    std::size_t express_threads = 0;      ///< that answer small requests, usually one for each processor
    std::function<bool()> express = [] { return true; };  ///< they begin when this says yes; asked twice a second
    /// After a stop: connections are still served for `quiet_time` after the last request, and `drain_time` at most.
    std::chrono::milliseconds quiet_time{300};
    std::chrono::seconds drain_time{9};
};

/// Accepts connections and answers their requests, each on a thread of its own while it lasts; between requests a
/// connection costs no thread. So neither slow clients nor idle ones nor waiting requests keep another one waiting.
/// Where slow clients hold all the threads there may be, a GET that is here whole, such as /ping, is answered still,
/// and for other requests those are given up that have been slow for HttpLimits::pressed_time.
class HttpServer {
  public:
    /// Opens the port: connections wait in the backlog from here on. Throws as Listener does.
    HttpServer(const HttpServerOptions& options, HttpHandler handler);
    ~HttpServer();

    [[nodiscard]] int port() const;

    /// Serves until a stop is requested (shutdown.hpp), then finishes what is in flight: replies carry `Connection:
    /// close`, and connections are accepted until none has asked for anything for a while. False when the time for that
    /// was over with requests still in flight: the destructor would wait for them. Throws MachineError.
    bool run();

  private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace tundish
