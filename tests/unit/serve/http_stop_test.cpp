// A stop: what was sent before is answered, what is idle is closed, what does not end is cut off.
#include "support/catch.hpp"
#include "support/echo_server.hpp"
#include "support/http_client.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

TEST_CASE("requests in flight at a stop are answered, with Connection: close") {
    ServerChild server(echo_server());
    std::vector<HttpClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(server.port());
        clients.back().send(request_text("POST", i % 2 == 0 ? "/slow" : "/hold", "body"));
    }
    CHECK(ask(server.port(), "GET", "/held").status == 200);
    server.stop();
    std::this_thread::sleep_for(50ms);
    HttpClient late(server.port());  // accepted until nobody asks any more
    const Reply reply = late.ask("GET", "/release");
    CHECK(reply.status == 200);
    CHECK(reply.header("connection") == "close");
    CHECK(reply.header("keep-alive").empty());
    CHECK(late.ended());
    for (auto& client : clients) {
        const Reply in_flight = client.read_reply();
        CHECK(in_flight.status == 200);
        CHECK(in_flight.header("connection") == "close");
        CHECK(in_flight.header("keep-alive").empty());
    }
    CHECK(server.wait() == 0);
    CHECK_THROWS(HttpClient(server.port()));
}

TEST_CASE("idle and half-sent requests do not hold up a stop for ever") {
    ServerChild server(echo_server());
    const HttpClient idle(server.port());
    HttpClient used(server.port());
    CHECK(used.ask("GET", "/").status == 200);
    const HttpClient half(server.port());
    half.send("POST / HTTP/1.1\r\nContent-");
    server.stop();
    CHECK(server.wait() == 0);
    CHECK(used.ended());
}

TEST_CASE("whoever asks /ping again and again does not hold up a stop") {
    ServerChild server(echo_server());
    server.stop();
    const auto begin = std::chrono::steady_clock::now();
    try {
        while (std::chrono::steady_clock::now() - begin < 6s) {
            static_cast<void>(ask(server.port(), "GET", "/ping"));
            std::this_thread::sleep_for(50ms);
        }
    } catch (const std::exception&) {  // it has gone
    }
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK(server.wait() == 0);
}

TEST_CASE("a request that does not end is cut off when the time is over") {
    ServerChild server(echo_server({.limits = quick_limits(), .drain_time = 1s}));
    HttpClient client(server.port());
    client.send(request_text("GET", "/hold"));
    CHECK(ask(server.port(), "GET", "/held").status == 200);
    server.stop();
    CHECK(server.wait() == 3);
    CHECK(client.rest().empty());
}

TEST_CASE("a body that is still coming at the stop is read and answered") {
    ServerChild server(echo_server());
    HttpClient client(server.port());
    client.send("POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo");
    CHECK(ask(server.port(), "GET", "/").status == 200);
    server.stop();
    std::this_thread::sleep_for(100ms);
    client.send("dy");
    CHECK(client.read_reply().body == "POST /late 4 body");
    CHECK(server.wait() == 0);
}
