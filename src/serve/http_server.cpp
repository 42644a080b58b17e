#include "tundish/serve/http_server.hpp"

#include "connection_table.hpp"
#include "elastic_threads.hpp"
#include "express_threads.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using Clock = Connection::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{500};  // between looks at idle connections
constexpr milliseconds kLinger{20};
constexpr std::size_t kReservedThreads = 4;  // for what takes microseconds

}  // namespace

class HttpServer::Core {
  public:
    Core(const HttpServerOptions& options, HttpHandler handler)
        : options_(options),
          listener_(options.port),
          protocol_(
              options.limits, std::move(handler), [this] { return threads_.behind(); }, stop_requested),
          table_(listener_.fd(), stop_fd()),
          threads_(options.most_threads),
          express_(
              options.express_threads, table_, [this](Connection& connection) { serve_once(connection); },
              [this](Connection& connection) { serve_elsewhere(connection); }, [this] { return exchanging_.load(); },
              options.express) {}

    [[nodiscard]] int port() const { return listener_.port(); }

    bool run() {
        while (!stop_requested()) turn(kTick);
        return drain();
    }

  private:
    void turn(milliseconds longest) {
        auto ready = table_.wait(std::min(longest, express_.look()));
        if (ready.listener) accept_all();
        for (Connection* connection : ready.connections) start(*connection);
        if (const auto now = Clock::now(); now - last_look_ > kTick) {
            last_look_ = now;
            table_.close_idle(options_.limits.idle_time);
            if (paused_) pause(false);  // tries again
        }
    }

    // A GET does not prolong a drain: whoever asks /ping again and again would make it as long as it may be.
    void start(Connection& connection) {
        const bool quick = (stop_requested() || threads_.exhausted()) && connection.holds_whole_get();
        if (!quick) last_request_ = Clock::now();
        if (quick && threads_.exhausted()) {
            reserved_.run([this, &connection] { serve_once(connection); });
        } else {
            serve_elsewhere(connection);
        }
    }

    void serve_elsewhere(Connection& connection) {
        threads_.run([this, &connection] { serve(connection); });
    }

    void accept_all() {
        const auto begin = Clock::now();
        bool made_room = false;
        while (!full() || table_.size() > table_.busy()) {  // else there is none to close
            auto fd = listener_.accept();
            if (!fd && !listener_.exhausted()) return;
            if (!fd) {
                if (made_room || !make_room(begin)) break;  // once: others may take what it frees
                made_room = true;
                continue;
            }
            made_room = false;
            if (full()) make_room(begin);
            try {
                table_.add(std::move(*fd));
            } catch (const std::exception& error) {  // this one is closed; those that are served go on
                log_warning(text("a new connection was closed: ", error.what()));
                break;
            }
        }
        warn_that_full("no more are possible: new ones wait");
        pause(true);
    }

    [[nodiscard]] bool full() const { return table_.size() >= options_.most_connections; }

    // A new connection brings a request, which may be /ping; one that is idle may never bring another. Where that one
    // has just been written to, there is one connection more for a moment.
    bool make_room(Clock::time_point before) {
        const bool made = table_.close_longest_idle(before);
        if (made) warn_that_full("for each new one the one that has been idle longest is closed");
        return made;
    }

    // At most once a minute: it goes on like this.
    void warn_that_full(const char* consequence) {
        if (Clock::now() < next_warning_) return;
        next_warning_ = Clock::now() + std::chrono::minutes(1);
        log_warning(text(table_.size(), " connections are open, and ", consequence));
    }

    void pause(bool on) {
        paused_ = on;
        table_.watch_listener(!on);
    }

    void serve(Connection& connection) noexcept {
        bool open = exchange(connection);
        while (open && connection.wait_for_input(linger())) open = exchange(connection);
        if (open && release(connection)) return;
        close(connection);
    }

    // How long a thread stays with its connection for the next request, which usually follows at once.
    [[nodiscard]] milliseconds linger() const {
        return stop_requested() || express_.has_room() ? milliseconds(0) : kLinger;
    }

    // What may have to wait for the client goes where such waits belong.
    void serve_once(Connection& connection) noexcept {
        const bool open = exchange(connection);
        if (open && connection.has_input()) return serve_elsewhere(connection);
        if (open && release(connection)) return;
        threads_.run([this, &connection] { close(connection); });
    }

    bool exchange(Connection& connection) noexcept {
        ++exchanging_;
        const bool open = quietly([&] { return protocol_.exchange(connection); });
        --exchanging_;
        return open;
    }

    bool release(Connection& connection) noexcept {
        return quietly([&] { return table_.release(connection), true; });
    }

    template <typename Action>
    static bool quietly(const Action& action) noexcept {
        try {
            return action();
        } catch (const std::exception& error) {
            log_error(text("a connection ended with an internal error: ", error.what()));
            return false;
        }
    }

    void close(Connection& connection) {
        stop_requested() ? connection.close_gently(Connection::kShortGoodbye) : connection.close_gently();
        table_.remove(connection);
    }

    // Everything that was sent before the stop is answered: requests in work, on open connections, in the backlog.
    bool drain() {
        log_info(text("draining: ", table_.busy(), " requests in flight"));
        express_.close();
        const auto end = Clock::now() + options_.drain_time;
        last_request_ = Clock::now();
        while (Clock::now() < end) {
            turn(milliseconds(20));
            if (table_.busy() == 0 && Clock::now() - last_request_ > options_.quiet_time) return true;
        }
        log_warning(
            text("draining took ", options_.drain_time.count(), " s: ", table_.busy(), " requests are cut off now"));
        return false;
    }

    HttpServerOptions options_;
    Listener listener_;
    HttpProtocol protocol_;
    ConnectionTable table_;
    std::atomic<std::size_t> exchanging_{0};  // requests being read, waited for or answered
    bool paused_ = false;
    Clock::time_point next_warning_{};
    Clock::time_point last_look_ = Clock::now();
    Clock::time_point last_request_ = Clock::now();
    ElasticThreads threads_;  // after what its tasks use: ends before that
    ElasticThreads reserved_{kReservedThreads};
    ExpressThreads express_;
};

HttpServer::HttpServer(const HttpServerOptions& options, HttpHandler handler)
    : core_(std::make_unique<Core>(options, std::move(handler))) {}

HttpServer::~HttpServer() = default;

int HttpServer::port() const {
    return core_->port();
}

bool HttpServer::run() {
    return core_->run();
}

}  // namespace tundish
