// What an HTTP/1.1 client may expect of the server, whatever is served.
#include "tundish/serve/http_server.hpp"

#include "support/catch.hpp"
#include "support/echo_server.hpp"
#include "support/errors.hpp"
#include "support/http_client.hpp"
#include "tundish/base/error.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

TEST_CASE("method, path, headers and body reach the handler, its reply the client") {
    const ServerChild server(echo_server());
    const Reply reply = ask(server.port(), "POST", "/a/b?query=1", "four", {{"x-echo", "1"}, {"X-Two", "2"}});
    CHECK(reply.status == 200);
    CHECK(reply.body == "POST /a/b 4 four");
    CHECK(reply.header("content-type") == "text/plain");
    CHECK(reply.header("x-echo") == "1");
    CHECK(ask(server.port(), "GET", "/").body == "GET / 0 ");
    CHECK(ask(server.port(), "GET", "/a%20b%2Fc").body == "GET /a b/c 0 ");
    CHECK(ask(server.port(), "POST", "/").body == "POST / 0 ");
}

TEST_CASE("HEAD is answered without a body, other methods reach the handler by their names") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    const Reply head = client.ask("HEAD", "/x");
    CHECK(head.status == 200);
    CHECK(head.header("content-length") == std::to_string(std::string("HEAD /x 0 ").size()));
    CHECK(client.ask("GET", "/y").body == "GET /y 0 ");  // nothing of HEAD's body is in the way
    for (const char* method : {"PUT", "DELETE", "PATCH", "OPTIONS"}) {
        CHECK(ask(server.port(), method, "/z").body == std::string(method) + " /z 0 ");
    }
}

TEST_CASE("a connection carries any number of requests") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    for (int i = 0; i < 500; ++i) {
        const std::string body = std::to_string(i);
        REQUIRE(client.ask("POST", "/n", body).body == "POST /n " + std::to_string(body.size()) + " " + body);
    }
}

TEST_CASE("a connection that was idle for a moment is served on") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    for (int i = 0; i < 3; ++i) {
        CHECK(client.ask("GET", "/").status == 200);
        std::this_thread::sleep_for(60ms);  // longer than a thread stays with its connection
    }
}

TEST_CASE("idle connections are closed in the end") {
    HttpLimits limits = quick_limits();
    limits.idle_time = 1s;
    const ServerChild server(echo_server(limits));
    HttpClient used(server.port()), never_used(server.port());
    CHECK(used.ask("GET", "/").status == 200);
    CHECK(used.ended());
    CHECK(never_used.ended());
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection after the reply") {
    const ServerChild server(echo_server());
    HttpClient closing(server.port());
    CHECK(closing.ask("GET", "/", {}, {{"Connection", "close"}}).header("connection") == "close");
    CHECK(closing.ended());
    HttpClient old(server.port());
    old.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(old.read_reply().status == 200);
    CHECK(old.ended());
}

TEST_CASE("header values reach the handler as they were sent, not decoded") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    for (const std::string value : {"a%20b%2Fc", "%0d%0aX-Evil: 1", "100%", "%C3%A9%zz", "a+b", "a: b"}) {
        CHECK(client.ask("GET", "/", {}, {{"X-Echo", value}}).header("x-echo") == value);
    }
    CHECK(client.ask("GET", "/", {}, {{"X-ECHO", "  padded\t "}}).header("x-echo") == "padded");
}

TEST_CASE("any item of Connection may close, in one field or several") {
    const ServerChild server(echo_server());
    const std::vector<Headers> closing{{{"Connection", "keep-alive, Close"}},
                                       {{"Connection", "keep-alive"}, {"connection", "close"}},
                                       {{"Connection", "close,TE"}}};
    for (const auto& headers : closing) {
        HttpClient client(server.port());
        CHECK(client.ask("GET", "/", {}, headers).header("connection") == "close");
        CHECK(client.ended());
    }
    HttpClient open(server.port());
    CHECK(open.ask("GET", "/", {}, {{"Connection", "not-close"}}).header("connection") == "keep-alive");
    CHECK(open.ask("GET", "/").status == 200);
}

TEST_CASE("a reply says once whether the connection goes on") {
    const auto text_of = [](const ServerChild& server, const std::string& request) {
        HttpClient client(server.port());
        client.send(request);
        client.half_close();
        return client.rest();
    };
    const auto count = [](const std::string& text, const std::string& part) {
        int found = 0;
        for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
        return found;
    };
    const ServerChild server(echo_server());
    const std::string kept = text_of(server, request_text("GET", "/"));
    CHECK(count(kept, "\r\nConnection: ") == 1);
    CHECK(count(kept, "\r\nConnection: keep-alive\r\n") == 1);
    CHECK(count(kept, "\r\nKeep-Alive: timeout=60\r\n") == 1);
    for (const auto& request :
         {request_text("GET", "/", {}, {{"Connection", "close"}}),
          request_text("GET", "/", {}, {{"connection", "Close"}}), std::string("GET / HTTP/1.0\r\n\r\n"),
          std::string("nonsense\r\n\r\n"), std::string("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")}) {
        INFO(request);
        const std::string closing = text_of(server, request);
        CHECK(count(closing, "\r\nConnection: ") == 1);
        CHECK(count(closing, "\r\nConnection: close\r\n") == 1);
        CHECK(count(closing, "Keep-Alive") == 0);
    }
}

TEST_CASE("the absolute form of a target is its path") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    const auto path_of = [&](const std::string& target) { return client.ask("GET", target).body; };
    CHECK(path_of("http://localhost:8080/ping") == "GET /ping 0 ");
    CHECK(path_of("HTTP://[::1]/a/b?query=1") == "GET /a/b 0 ");
    CHECK(path_of("https://host/") == "GET / 0 ");
    CHECK(path_of("http://host") == "GET / 0 ");
    CHECK(path_of("http://host?query") == "GET / 0 ");
    CHECK(path_of("/http://host/ping") == "GET /http://host/ping 0 ");
}

TEST_CASE("pipelined requests are answered in their order") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    std::string all;
    for (int i = 0; i < 50; ++i) all += request_text("POST", "/" + std::to_string(i), std::string(1000, 'x'));
    client.send(all);
    for (int i = 0; i < 50; ++i) {
        REQUIRE(client.read_reply().body.starts_with("POST /" + std::to_string(i) + " 1000 "));
    }
}

TEST_CASE("a request may come byte by byte") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    for (const char c : request_text("POST", "/", "body")) client.send({&c, 1});
    CHECK(client.read_reply().body == "POST / 4 body");
}

TEST_CASE("chunked bodies of any cut") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    const std::string begin = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string body(30'000, 'b');
    for (const std::size_t size : {1U, 7U, 4096U, 30'000U}) {
        client.send(begin + in_chunks(body, size));
        CHECK(client.read_reply().body.starts_with("POST /c 30000 bbb"));
    }
    client.send(begin + "0\r\n\r\n");
    CHECK(client.read_reply().body == "POST /c 0 ");
    client.send(begin + "4;name=value\r\nbody\r\n0A ; x\r\n0123456789\r\n000\r\nTrailer: 1\r\nOther: 2\r\n\r\n");
    CHECK(client.read_reply().body == "POST /c 14 body0123456789");
    CHECK(client.ask("GET", "/next").body == "GET /next 0 ");
}

TEST_CASE("Expect: 100-continue is answered before the body is read, unless that is refused") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read_reply().status == 100);
    client.send("body");
    CHECK(client.read_reply().body == "POST / 4 body");
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read_reply().status == 413);
}

TEST_CASE("curl's default type has no limit of its own") {
    const ServerChild server(echo_server());
    const Reply reply = ask(server.port(), "POST", "/", std::string(200'000, '='),
                            {{"Content-Type", "application/x-www-form-urlencoded"}});
    CHECK(reply.body.starts_with("POST / 200000 ==="));
}

TEST_CASE("GET with a body is answered, and the body is not taken for a request") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    client.send("GET /get HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nGET /evil HTTP/1.1");
    CHECK(client.read_reply().body == "GET /get 0 ");
    CHECK(client.ended());
}

TEST_CASE("a fault in the handler is a 500 of one connection") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    const Reply reply = client.ask("GET", "/throw");
    CHECK(reply.status == 500);
    CHECK(reply.says("internal_error"));
    CHECK_FALSE(reply.says("a fault in"));
    CHECK(client.ask("GET", "/").status == 200);
}

TEST_CASE("many connections, each with a request that waits, keep no other one waiting") {
    const ServerChild server(echo_server());
    std::vector<HttpClient> held;
    for (int i = 0; i < 200; ++i) {
        held.emplace_back(server.port());
        held.back().send(request_text("GET", "/hold"));
    }
    std::vector<HttpClient> idle;
    for (int i = 0; i < 200; ++i) idle.emplace_back(server.port());
    CHECK(ask(server.port(), "GET", "/ping").status == 200);
    for (auto& client : idle) REQUIRE(client.ask("GET", "/").status == 200);
    CHECK(ask(server.port(), "GET", "/release").status == 200);
    for (auto& client : held) REQUIRE(client.read_reply().status == 200);
}

TEST_CASE("a new connection takes the place of the one that has been idle longest") {
    const ServerChild server(echo_server({.limits = quick_limits(), .most_connections = 4}));
    std::vector<HttpClient> open;
    for (int i = 0; i < 4; ++i) {
        open.emplace_back(server.port());
        REQUIRE(open.back().ask("GET", "/").status == 200);
        std::this_thread::sleep_for(60ms);  // idle: no thread stays with it
    }
    REQUIRE(open[0].ask("GET", "/again").status == 200);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ask(server.port(), "GET", "/ping").status == 200);
    CHECK(std::chrono::steady_clock::now() - begin < 1s);
    CHECK(open[1].ended());
    for (const std::size_t kept : {0U, 2U, 3U}) CHECK(open[kept].ask("GET", "/").status == 200);
}

TEST_CASE("connections that never sent a byte make room as well") {
    const ServerChild server(echo_server({.limits = quick_limits(), .most_connections = 4}));
    std::vector<HttpClient> silent;
    for (int i = 0; i < 12; ++i) silent.emplace_back(server.port());
    for (int i = 0; i < 12; ++i) CHECK(ask(server.port(), "GET", "/ping").status == 200);
    CHECK(silent.front().ended());
}

TEST_CASE("more connections than are allowed wait while all of them have requests") {
    const ServerChild server(echo_server({.limits = quick_limits(), .most_connections = 3}));
    std::vector<HttpClient> held;
    for (int i = 0; i < 2; ++i) {
        held.emplace_back(server.port());
        held.back().send(request_text("GET", "/hold"));
    }
    HttpClient third(server.port());
    REQUIRE(third.ask("GET", "/held").status == 200);
    third.send(request_text("GET", "/slow"));
    HttpClient fourth(server.port());  // the kernel's backlog
    fourth.send(request_text("GET", "/release"));
    CHECK(third.read_reply().status == 200);
    CHECK(fourth.read_reply().status == 200);  // took third's place
    for (auto& client : held) CHECK(client.read_reply().status == 200);
}

TEST_CASE("a port that is taken is the user's mistake") {
    const Listener first(0);
    CHECK(first.port() > 0);
    const auto message = message_of<ConfigError>([&] { const Listener second(first.port()); });
    CHECK(lacks(message, {std::to_string(first.port()), "taken", "--port"}).empty());
}
