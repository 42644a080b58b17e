#include "tundish/serve/http_protocol.hpp"

#include <httplib.h>

#include "body_reader.hpp"
#include "chunked_body.hpp"
#include "header_lines.hpp"
#include "printable.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {
namespace {

using Clock = Connection::Clock;

// The request in work on this thread: the library's callbacks have no place for it.
struct Exchange {
    Connection& connection;
    HttpRequest request;
    bool close = false;  // after the reply: asked for, or a body was left unread
    bool ended = false;  // the library says the same
    HeaderLines head = {};
    MemoryBudget::Lease memory = {};  // the reply's
};
thread_local Exchange* exchange_in_work = nullptr;

// What cpp-httplib reads from and writes to.
class ConnectionStream : public httplib::Stream {
  public:
    explicit ConnectionStream(Exchange& exchange) : exchange_(exchange), connection_(exchange.connection) {}

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    // It would take headers of any length into memory.
    ssize_t read(char* to, std::size_t size) override {
        HeaderLines& head = exchange_.head;
        if (head.ended()) return connection_.read(to, size);
        if (head.full()) return end_first_line(to);
        const long got = connection_.read(to, size);
        if (got > 0) head.add({to, static_cast<std::size_t>(got)});
        return got;
    }
    ssize_t write(const char* from, std::size_t size) override {
        return connection_.write({from, size}) ? static_cast<ssize_t>(size) : -1;
    }
    void get_remote_ip_and_port(std::string& /*unused*/, int& /*unused*/) const override {}
    void get_local_ip_and_port(std::string& /*unused*/, int& /*unused*/) const override {}
    // It refuses numbers that select() cannot watch; it has nothing to do with ours.
    int socket() const override { return 0; }

  private:
    // The library answers nothing where not even the first line ends: so it ends where we stop reading.
    ssize_t end_first_line(char* to) {
        if (exchange_.head.has_line() || std::exchange(ended_first_line_, true)) return -1;
        *to = '\n';
        return 1;
    }

    Exchange& exchange_;
    Connection& connection_;
    bool ended_first_line_ = false;
};

constexpr const char* kRoute = "/";

// The library's status does not tell why a request could not be read.
RequestError why_unreadable(const Exchange& exchange, int status) {
    const auto headers_too_large = [](const char* what, std::size_t limit) {
        return RequestError(431, "headers_too_large", text(what, " longer than ", limit, " bytes"));
    };
    if (exchange.connection.timed_out()) {
        return {408, "request_timeout", "the headers did not come in time: send faster"};
    }
    if (status == 414 || (exchange.head.full() && !exchange.head.has_line())) {
        return {414, "uri_too_long",
                text("the request's first line is longer than ", CPPHTTPLIB_REQUEST_URI_MAX_LENGTH, " bytes")};
    }
    if (exchange.head.full()) return headers_too_large("the headers are", HeaderLines::kMostBytes);
    constexpr std::size_t kLongestLine = CPPHTTPLIB_HEADER_MAX_LENGTH;
    if (exchange.head.has_line_over(kLongestLine)) return headers_too_large("a header's line is", kLongestLine);
    if (status == 400 && exchange.head.has_unknown_method()) {
        return {501, "method_not_implemented", "the method is none of HTTP/1.1's: use GET or POST"};
    }
    if (status == 416) return {416, "bad_range", "the Range header is malformed: leave it out"};
    return {status, status == 400 ? "bad_request" : "http_error", "the request is not valid HTTP/1.1"};
}

// RFC 9112, 3.2.2: "GET http://host:8080/ping" asks for /ping too.
std::string path_of(const httplib::Request& request) {
    const std::string begin = lower(std::string_view(request.target).substr(0, 8));
    if (!begin.starts_with("http://") && begin != "https://") return request.path;
    const auto slash = request.path.find('/', request.path.find("://") + 3);
    return slash == std::string::npos ? "/" : request.path.substr(slash);
}

void copy_reply(HttpReply&& reply, httplib::Response& to) {
    to.status = reply.status;
    for (const auto& [name, value] : reply.headers.fields()) to.set_header(name.c_str(), value);
    to.body = std::move(reply.body);
    exchange_in_work->memory = std::move(reply.memory);
    if (!reply.content_type.empty()) to.set_header("Content-Type", reply.content_type);
}

// The line of the request itself says what was answered, not what of it arrived.
void log_cut_reply(const Exchange& exchange) {
    log_info(text(exchange.request.method, ' ', printable(exchange.request.path, 80),
                  ": its reply could not be sent whole, because the client ",
                  exchange.connection.timed_out() ? "takes it too slowly, or not at all" : "has gone"));
}

}  // namespace

// Every request takes the same route to our handler; paths and methods are ours to judge.
struct HttpProtocol::Library : httplib::Server {
    Library(const HttpLimits& limits, HttpHandler handle, std::function<bool()> ends)
        : bodies(limits), handler(std::move(handle)), ending(std::move(ends)) {
        Get(kRoute, [this](const httplib::Request&, httplib::Response& to) { answer(to); });
        Post(kRoute, [this](const httplib::Request&, httplib::Response& to, const httplib::ContentReader& reader) {
            answer_with_body(reader, to);
        });
        set_error_handler([this](const httplib::Request&, httplib::Response& to) {
            if (to.body.empty()) refuse(to);  // else an error of ours
        });
        // What comes next is the writing.
        set_post_routing_handler([this, limits](const httplib::Request&, httplib::Response& to) {
            exchange_in_work->close |= ending();  // it may have begun to end meanwhile
            say_how_it_goes_on(to, limits.idle_time);
            exchange_in_work->connection.pace_writing(limits.stall_time, limits.slowest_rate);
        });
    }

    // What the library cannot read never came to our handler: it goes there now, to be logged and counted as well.
    void refuse(httplib::Response& to) {
        Exchange& exchange = *exchange_in_work;
        exchange.close = true;  // nobody knows where the next request begins
        exchange.request.refusal = why_unreadable(exchange, to.status);
        answer(to);
    }

    void answer(httplib::Response& to) {
        Exchange& exchange = *exchange_in_work;
        HttpReply reply;
        try {
            reply = handler(exchange.request);
        } catch (const std::exception& error) {
            log_error(
                text("internal error while answering ", printable(exchange.request.path, 80), ": ", error.what()));
            reply = error_reply(500, "internal_error", "internal error; the server's log says more");
        }
        copy_reply(std::move(reply), to);
    }

    // The library adds a second `Connection: close`, and Keep-Alive where it does not keep the connection; and to HEAD
    // that there are ranges.
    static void say_how_it_goes_on(httplib::Response& to, std::chrono::seconds idle_time) {
        for (const char* name : {"Connection", "Keep-Alive", "Accept-Ranges"}) to.headers.erase(name);
        const bool closes = exchange_in_work->close || exchange_in_work->ended;
        to.set_header("Connection", closes ? "close" : "keep-alive");
        if (to.status == 204) to.headers.erase("Content-Length");  // RFC 9110, 8.6
        if (!closes) to.set_header("Keep-Alive", text("timeout=", idle_time.count()));
    }

    void answer_with_body(const httplib::ContentReader& reader, httplib::Response& to) {
        Exchange& exchange = *exchange_in_work;
        if (exchange.request.refusal) return answer(to);
        const auto read = [&](const BodyReader::Take& take) {
            if (exchange.request.headers.has("Transfer-Encoding")) return read_chunked(exchange.connection, take);
            return reader([&](const char* data, std::size_t size) { return take({data, size}); });
        };
        auto outcome = bodies.read(exchange.connection, exchange.request, read);
        exchange.request.refusal = std::move(outcome.refusal);
        // What follows on this connection then is the rest of the body.
        exchange.close |= exchange.request.refusal.has_value();
        answer(to);
    }

    // Once the headers are known: keeps them for us, and hides from the library what it would act on by itself.
    static void take_over(httplib::Request& request) {
        Exchange& exchange = *exchange_in_work;
        exchange.head.end();
        exchange.request.method = request.method;
        exchange.request.path = path_of(request);
        exchange.request.headers = exchange.head.fields();
        exchange.request.gone = [&client = exchange.connection, old = request.version == "HTTP/1.0"] {
            return client.client_has_gone(old ? std::string_view() : kContinue);
        };
        if (exchange.head.has_bad_line()) {
            exchange.close = true;
            exchange.request.refusal = RequestError(400, "bad_request", "a line of the headers is not 'Name: value'");
        }
        exchange.close |= exchange.request.headers.lists("Connection", "close");
        if (request.method != "GET" && request.method != "HEAD") request.method = "POST";
        // A body that nobody reads here.
        const auto length = exchange.request.headers.get("Content-Length");
        exchange.close |= request.method != "POST" &&
                          ((!length.empty() && length != "0") || exchange.request.headers.has("Transfer-Encoding"));
        request.path = kRoute;
        request.ranges.clear();
        for (const char* name : {"Expect", "Content-Type", "Accept-Encoding", "Range"}) request.headers.erase(name);
    }

    // Its parameters differ between the versions of Debian 12 and 13.
    bool process(ConnectionStream& stream, bool last, bool& closed) {
        return process_by(stream, last, closed, take_over, &Library::process_request);
    }

    template <typename Class>
    bool process_by(httplib::Stream& stream, bool last, bool& closed,
                    const std::function<void(httplib::Request&)>& setup,
                    bool (Class::*member)(httplib::Stream&, bool, bool&,
                                          const std::function<void(httplib::Request&)>&)) {
        return (this->*member)(stream, last, closed, setup);
    }

    template <typename Class>
    bool process_by(httplib::Stream& stream, bool last, bool& closed,
                    const std::function<void(httplib::Request&)>& setup,
                    bool (Class::*member)(httplib::Stream&, const std::string&, int, const std::string&, int, bool,
                                          bool&, const std::function<void(httplib::Request&)>&)) {
        return (this->*member)(stream, {}, 0, {}, 0, last, closed, setup);
    }

    BodyReader bodies;
    HttpHandler handler;
    std::function<bool()> ending;
};

HttpProtocol::HttpProtocol(const HttpLimits& limits, HttpHandler handler, std::function<bool()> pressed,
                           std::function<bool()> ending)
    : limits_(limits),
      library_(std::make_unique<Library>(limits, std::move(handler), std::move(ending))),
      pressed_([this, pressed = std::move(pressed)] { return pressed() || library_->bodies.short_of_room(); }) {}

HttpProtocol::~HttpProtocol() = default;

bool HttpProtocol::exchange(Connection& connection) {
    Exchange exchange{.connection = connection, .request = {}, .close = library_->ending()};
    Exchange* const outer = std::exchange(exchange_in_work, &exchange);
    connection.set_pressed(pressed_);
    connection.set_deadline(Clock::now() + limits_.header_time, Clock::now() + limits_.pressed_time);
    ConnectionStream stream(exchange);
    const bool answered = library_->process(stream, exchange.close, exchange.ended);
    const bool sent = connection.flush();
    if (connection.failed_to_send()) log_cut_reply(exchange);
    exchange_in_work = outer;
    return answered && sent && !exchange.ended && !exchange.close;
}

}  // namespace tundish
