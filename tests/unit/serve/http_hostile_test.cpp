// Clients that are slow, gone, wrong or mean: each gets what it deserves, and nobody else notices.
#include <fstream>

#include "support/catch.hpp"
#include "support/echo_server.hpp"
#include "support/errors.hpp"
#include "support/http_client.hpp"
#include "tundish/base/memory.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* kChunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

bool healthy(int port) {
    return ask(port, "GET", "/ping").status == 200;
}

std::size_t resident_kilobytes(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;) {
        std::size_t value = 0;
        if (word == "VmHWM:" && status >> value) return value;
    }
    return 0;
}

// What a connection answers to these bytes and nothing more.
Reply reply_to(int port, const std::string& bytes) {
    HttpClient client(port);
    client.send(bytes);
    return client.read_reply();
}

}  // namespace

TEST_CASE("a body that is too large is refused unread, by Content-Length or when the chunks get there") {
    const ServerChild server(echo_server());
    HttpClient declared(server.port());
    declared.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n");
    const Reply reply = declared.read_reply();  // not a byte of it was sent
    CHECK(reply.status == 413);
    CHECK(reply.says("too_large"));
    CHECK(reply.header("connection") == "close");
    CHECK(declared.ended());
    HttpClient chunked(server.port());
    static_cast<void>(chunked.try_send(kChunked + in_chunks(std::string(3 << 20, 'x'), 100'000)));
    CHECK(chunked.read_reply().status == 413);
    CHECK(ask(server.port(), "POST", "/", std::string(1 << 20, 'x')).body.starts_with("POST / 1048576 "));
}

TEST_CASE("a client that sends on after its refusal still reads the reply") {
    const ServerChild server(echo_server());
    CHECK(ask(server.port(), "POST", "/", std::string(20 << 20, 'x')).status == 413);
}

TEST_CASE("all bodies together have a limit, chunked ones too") {
    HttpLimits limits = quick_limits();
    limits.all_bodies = 1 << 20;
    const ServerChild server(echo_server(limits));
    const std::string large(700'000, 'x');
    HttpClient holding(server.port());
    holding.send(request_text("POST", "/hold", large));
    CHECK(ask(server.port(), "GET", "/held").status == 200);
    CHECK(ask(server.port(), "POST", "/", large).status == 503);
    HttpClient chunked(server.port());
    static_cast<void>(chunked.try_send(kChunked + in_chunks(large, 50'000)));
    CHECK(chunked.read_reply().status == 503);
    CHECK(ask(server.port(), "POST", "/", "small").status == 200);
    CHECK(ask(server.port(), "GET", "/release").status == 200);
    CHECK(holding.read_reply().status == 200);
    CHECK(ask(server.port(), "POST", "/", large).status == 200);
}

TEST_CASE("clients that announce much and send little keep nobody out") {
    HttpLimits limits = quick_limits();
    limits.all_bodies = 4 << 20;
    limits.stall_time = 20s;
    const ServerChild server(echo_server(limits));
    std::vector<HttpClient> slow;
    for (int i = 0; i < 8; ++i) {
        slow.emplace_back(server.port());
        slow.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\nx");
    }
    std::this_thread::sleep_for(100ms);
    for (const std::size_t size : {300UL, 30'000UL, 1'000'000UL})
        CHECK(ask(server.port(), "POST", "/", std::string(size, 'x')).status == 200);
}

TEST_CASE("small bodies find room beside large ones") {
    HttpLimits limits = quick_limits();
    limits.largest_body = limits.all_bodies = 8 << 20;
    const ServerChild server(echo_server(limits));
    HttpClient holding(server.port());
    holding.send(request_text("POST", "/hold", std::string(8 << 20, 'x')));
    CHECK(ask(server.port(), "GET", "/held").status == 200);
    CHECK(ask(server.port(), "POST", "/", std::string(8 << 10, 'x')).status == 200);
    CHECK(ask(server.port(), "POST", "/", std::string(9 << 10, 'x')).status == 503);
    CHECK(ask(server.port(), "GET", "/release").status == 200);
    CHECK(holding.read_reply().status == 200);
}

TEST_CASE("a chunked body counts with all that its string takes") {
    HttpLimits limits = quick_limits();
    limits.largest_body = limits.all_bodies = 4 << 20;
    const ServerChild server(echo_server(limits));
    HttpClient chunked(server.port());
    chunked.send("POST /hold HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                 in_chunks(std::string(2'200'000, 'x'), 16'384));
    CHECK(ask(server.port(), "GET", "/held").status == 200);
    CHECK(ask(server.port(), "POST", "/", std::string(1'000'000, 'x')).status == 503);
    CHECK(ask(server.port(), "GET", "/release").status == 200);
    CHECK(chunked.read_reply().body.starts_with("POST /hold 2200000 xxx"));
    CHECK(ask(server.port(), "POST", "/", std::string(4'000'000, 'x')).status == 200);
}

TEST_CASE("where nothing is said, bodies take a part of this machine's memory that depends on it") {
    const std::size_t quarter = std::min(std::size_t{1} << 30, static_cast<std::size_t>(memory_limit() / 4));
    CHECK(HttpLimits{.largest_body = 1}.room_for_bodies() == quarter);
    CHECK((HttpLimits{.largest_body = std::size_t{1} << 40}.room_for_bodies()) == std::size_t{1} << 40);
    CHECK((HttpLimits{.largest_body = 1, .all_bodies = 1000}.room_for_bodies()) == 1000);
}

TEST_CASE("slow headers and slow bodies are given up, and pings are answered meanwhile") {
    const ServerChild server(echo_server());
    std::vector<HttpClient> headers, bodies;
    for (int i = 0; i < 20; ++i) {
        headers.emplace_back(server.port());
        headers.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Le");
        bodies.emplace_back(server.port());
        bodies.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nten bytes.");
    }
    for (int i = 0; i < 100; ++i) REQUIRE(healthy(server.port()));
    for (auto& client : bodies) {
        const Reply reply = client.read_reply();
        CHECK(reply.status == 408);
        CHECK(reply.says("10 bytes"));
        CHECK(client.ended());
    }
    for (auto& client : headers) {
        CHECK(client.read_reply().status == 408);
        CHECK(client.ended());
    }
    CHECK(healthy(server.port()));
}

TEST_CASE("pings are answered while slow clients hold all threads") {
    const ServerChild server(echo_server(HttpServerOptions{.limits = quick_limits(), .most_threads = 3}));
    std::vector<HttpClient> slow;
    for (int i = 0; i < 9; ++i) {
        slow.emplace_back(server.port());
        slow.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Le");
    }
    std::this_thread::sleep_for(100ms);
    const auto begin = std::chrono::steady_clock::now();
    HttpClient pinging(server.port());
    for (int i = 0; i < 30; ++i) {
        REQUIRE(healthy(server.port()));
        REQUIRE(pinging.ask("GET", "/ping").status == 200);
    }
    // The nine need three seconds, three at a time; a ping behind them would have waited for as long.
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
    pinging.send(request_text("GET", "/a") + request_text("POST", "/b", "body"));  // the second waits for a thread
    CHECK(pinging.read_reply().body == "GET /a 0 ");
    for (auto& client : slow) CHECK(client.read_reply().status == 408);
    CHECK(pinging.read_reply().body == "POST /b 4 body");
}

TEST_CASE("a request that needs a thread waits briefly for slow clients that hold them all") {
    HttpLimits limits = quick_limits();
    limits.header_time = limits.stall_time = 5s;
    limits.pressed_time = 500ms;
    const ServerChild server(echo_server(HttpServerOptions{.limits = limits, .most_threads = 4}));
    std::vector<HttpClient> slow;
    for (int i = 0; i < 12; ++i) {
        slow.emplace_back(server.port());
        slow.back().send(i % 2 == 0 ? "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nten bytes."
                                    : "POST / HTTP/1.1\r\nHost: x\r\nContent-Le");
    }
    std::this_thread::sleep_for(100ms);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(ask(server.port(), "POST", "/", "body").body == "POST / 4 body");
    CHECK(std::chrono::steady_clock::now() - begin < 9s);  // not three times 5 s
    for (auto& client : slow) CHECK(client.read_reply().status == 408);
}

TEST_CASE("a client may be slow while threads are free") {
    HttpLimits limits = quick_limits();
    limits.header_time = limits.stall_time = 30s;
    limits.pressed_time = 200ms;
    const ServerChild server(echo_server(HttpServerOptions{.limits = limits, .most_threads = 4}));
    HttpClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Le");
    std::this_thread::sleep_for(800ms);
    client.send("ngth: 4\r\n\r\nbo");
    std::this_thread::sleep_for(800ms);
    client.send("dy");
    CHECK(client.read_reply().body == "POST / 4 body");
}

TEST_CASE("a body that drips in is given up although it never stalls") {
    const ServerChild server(echo_server());
    HttpClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 600 && client.try_send("x"); ++i) std::this_thread::sleep_for(10ms);
    CHECK(client.read_reply().status == 408);
}

TEST_CASE("headers without end are given up before they take memory") {
    const ServerChild server(echo_server());
    REQUIRE(healthy(server.port()));
    const std::size_t before = resident_kilobytes(server.pid());
    const std::string piece(1 << 20, 'a');
    const auto flood = [&](const std::string& begin, const std::string& filler) {
        HttpClient client(server.port());
        bool taken = client.try_send(begin);
        for (int i = 0; i < 32 && taken; ++i) taken = client.try_send(filler);
        CHECK(client.rest().starts_with("HTTP/1.1 4"));
    };
    flood("GET /", piece);
    flood("GET / HTTP/1.1\r\nX-Long: ", piece);
    flood("GET / HTTP/1.1\r\n", [] {
        std::string many;
        for (int i = 0; i < 65'536; ++i) many += "X-Another: a\r\n";
        return many;
    }());
    flood(kChunked, piece);                      // a chunk's length
    flood(kChunked + std::string("5;"), piece);  // its extension
    CHECK(healthy(server.port()));
    CHECK(resident_kilobytes(server.pid()) < before + 32'000);
}

TEST_CASE("what is not HTTP is 400 in JSON, and the connection ends") {
    const ServerChild server(echo_server());
    for (const char* bytes : {"hello\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/3.7\r\n\r\n", "frob / HTTP/1.1\r\n\r\n",
                              "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/1.1 extra\r\n\r\n"}) {
        INFO(bytes);
        HttpClient client(server.port());
        client.send(bytes);
        const Reply reply = client.read_reply();
        CHECK(reply.status == 400);
        CHECK(reply.header("content-type") == "application/json");
        CHECK(reply.says("bad_request"));
        CHECK(client.ended());
    }
    CHECK(ask(server.port(), "GET", "/unreadable").body == "6");  // each reached the handler, to be counted
    CHECK(healthy(server.port()));
    CHECK(reply_to(server.port(), "PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n").status == 501);
}

TEST_CASE("what is too long is told which limit it passed") {
    const ServerChild server(echo_server());
    const auto answer_to = [&](const std::string& bytes) {
        const Reply reply = reply_to(server.port(), bytes);
        CHECK(reply.header("connection") == "close");
        return std::to_string(reply.status) + " " + reply.body;
    };
    const std::string begin = "GET / HTTP/1.1\r\nHost: x\r\n";
    CHECK(lacks(answer_to("GET /" + std::string(8192, 'a') + " HTTP/1.1\r\n\r\n"),
                {"414 ", "uri_too_long", "first line is longer than 8192 bytes"}) == "");
    CHECK(lacks(answer_to("GET /" + std::string(100'000, 'a')), {"414 ", "uri_too_long"}) == "");
    CHECK(lacks(answer_to(begin + "X-Long: " + std::string(8192, 'a') + "\r\n\r\n"),
                {"431 ", "headers_too_large", "a header's line is longer than 8192 bytes"}) == "");
    std::string many;
    for (int i = 0; i < 10; ++i) many += "X-Long: " + std::string(8000, 'a') + "\r\n";
    CHECK(lacks(answer_to(begin + many + "\r\n"),
                {"431 ", "headers_too_large", "the headers are longer than 65536 bytes"}) == "");
    CHECK(reply_to(server.port(), begin + "X-Long: " + std::string(8000, 'a') + "\r\n\r\n").status == 200);
}

TEST_CASE("a length that is not one number is 400") {
    const ServerChild server(echo_server());
    for (const char* fields :
         {"Content-Length: ten", "Content-Length: -1", "Content-Length: 4x", "Content-Length: 0x4",
          "Content-Length: 99999999999999999999999", "Content-Length: 4\r\nContent-Length: 5", "Content-Length: %34",
          "Content-Length:", "Transfer-Encoding: %63hunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
          "Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip",
          "Transfer-Encoding: gzip, chunked"}) {
        INFO(fields);
        const Reply reply =
            reply_to(server.port(), std::string("POST / HTTP/1.1\r\nHost: x\r\n") + fields + "\r\n\r\nbody");
        CHECK(reply.status == 400);
        CHECK(reply.header("connection") == "close");
    }
    CHECK(healthy(server.port()));
}

TEST_CASE("a header line that another server might read otherwise is 400, and nothing behind it is a request") {
    const ServerChild server(echo_server());
    const std::string next = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const std::string line : {"Content-Length : 38", "Transfer-Encoding : chunked", "X Y: 1", " folded: 1",
                                   "\tfolded", ": no name", "no colon", "X-\x01: 1"}) {
        for (const char* method : {"POST", "GET"}) {
            INFO(method << ' ' << line);
            HttpClient client(server.port());
            client.send(std::string(method) + " / HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n" + next);
            const Reply reply = client.read_reply();
            CHECK(reply.status == 400);
            CHECK(reply.header("connection") == "close");
            CHECK(client.rest().empty());
        }
    }
    CHECK(healthy(server.port()));
}

TEST_CASE("chunks that are malformed are 400") {
    const ServerChild server(echo_server());
    for (const char* chunks : {"zz\r\nbody\r\n0\r\n\r\n", "-4\r\nbody\r\n0\r\n\r\n", "4\r\nbodymore\r\n0\r\n\r\n"}) {
        INFO(chunks);
        HttpClient client(server.port());
        client.send(kChunked + std::string(chunks));
        client.half_close();
        CHECK(client.read_reply().status == 400);
    }
    CHECK(reply_to(server.port(), kChunked + std::string("ffffffffffffffff\r\nbody")).status >= 400);
}

TEST_CASE("compressed bodies are 415") {
    const ServerChild server(echo_server());
    CHECK(ask(server.port(), "POST", "/", "body", {{"Content-Encoding", "gzip"}}).status == 415);
    CHECK(ask(server.port(), "POST", "/", "body", {{"Content-Encoding", "identity"}}).status == 200);
}

TEST_CASE("a client that has half closed gets its reply, one that has left harms nobody") {
    const ServerChild server(echo_server());
    HttpClient half(server.port());
    half.send(request_text("POST", "/slow", "body"));
    half.half_close();
    CHECK(half.read_reply().body == "POST /slow 4 body");
    HttpClient early(server.port());
    early.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nten bytes.");
    early.half_close();
    CHECK(early.read_reply().status == 400);
    for (int i = 0; i < 50; ++i) {
        const HttpClient gone(server.port());
        gone.send(i % 2 == 0 ? request_text("GET", "/slow") : "GET /slo");
    }
    CHECK(healthy(server.port()));
}

TEST_CASE("a client that never reads its replies is given up") {
    const ServerChild server(echo_server());
    const HttpClient client(server.port());
    const std::string one = request_text("POST", "/", std::string(1000, 'x'));
    std::string many;
    for (int i = 0; i < 1000; ++i) many += one;
    bool taken = true;
    for (int i = 0; i < 400 && taken; ++i) taken = client.try_send(many);
    CHECK_FALSE(taken);
    CHECK(healthy(server.port()));
}

TEST_CASE("random bytes are survived") {
    const ServerChild server(echo_server());
    unsigned state = 1;
    for (int i = 0; i < 200; ++i) {
        std::string bytes = i % 2 == 0 ? "" : "POST / HTTP/1.1\r\n";
        for (int n = 0; n < 300; ++n) {
            state = state * 1664525U + 1013904223U;
            bytes += static_cast<char>(state >> 24U);
        }
        HttpClient client(server.port());
        static_cast<void>(client.try_send(bytes + "\r\n\r\n"));
        client.half_close();
        static_cast<void>(client.rest());
    }
    CHECK(healthy(server.port()));
}
