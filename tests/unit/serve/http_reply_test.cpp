// Replies that are larger than the sockets' buffers: whole for whoever takes them, given up for whoever does not.
#include <fcntl.h>

#include "support/catch.hpp"
#include "support/echo_server.hpp"
#include "support/errors.hpp"
#include "support/http_client.hpp"
#include "support/temp_folder.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// How much comes of the reply when the client takes `piece` bytes at once and pauses between.
std::size_t taken_slowly(int port, const std::string& path, std::size_t piece, std::chrono::milliseconds pause) {
    HttpClient client(port);
    client.send(request_text("GET", path, {}, {{"Connection", "close"}}));
    std::size_t total = 0;
    for (std::size_t got = 1; got > 0; total += got) {
        std::this_thread::sleep_for(pause);
        got = 0;
        for (std::size_t now = 1; now > 0 && got < piece; got += now) now = client.drop(piece - got);
    }
    return total;
}

constexpr std::size_t kPiece = std::size_t{4} << 20;

}  // namespace

TEST_CASE("a large reply arrives whole, however long it was waited for") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    client.send(request_text("GET", "/late-large"));
    std::this_thread::sleep_for(2s);  // the sockets' buffers are full when it is read
    CHECK(client.read_reply().body.size() == kLargeReply);
    CHECK(client.ask("GET", "/next").body == "GET /next 0 ");
}

TEST_CASE("a client may take longer than a stall for a large reply while it takes something") {
    const ServerChild server(echo_server());
    CHECK(taken_slowly(server.port(), "/large", kPiece, 300ms) > kLargeReply);
}

TEST_CASE("a client that takes nothing more of its reply is given up, and the log says so") {
    const TempFolder folder;
    const ServerChild server([&](const ServerChild::ReportPort& report) {
        ::dup2(::open((folder.path() / "log").c_str(), O_CREAT | O_WRONLY, 0600), 1);
        return echo_server(HttpServerOptions{.limits = quick_limits(), .most_threads = 1})(report);
    });
    const HttpClient stopped(server.port());
    stopped.send(request_text("GET", "/large"));
    std::this_thread::sleep_for(100ms);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ask(server.port(), "POST", "/", "body").status == 200);  // when the only thread is free again
    CHECK(std::chrono::steady_clock::now() - begin < 8s);
    CHECK(lacks(folder.read("log"), {"GET '/large': its reply could not be sent whole, because the client takes it too "
                                     "slowly, or not at all"}) == "");
}

TEST_CASE("a client that takes its reply more slowly than the limit is given up although it never stalls") {
    HttpLimits limits = quick_limits();
    limits.slowest_rate = std::size_t{100} << 20;
    const ServerChild server(echo_server(limits));
    CHECK(taken_slowly(server.port(), "/large", kPiece, 400ms) < kLargeReply);
}
