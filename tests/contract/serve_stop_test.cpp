// Load and the end: SIGTERM with requests in flight, pings beside load, a stop at any moment.
#include <opencv2/imgcodecs.hpp>

#include <atomic>

#include "support/catch.hpp"
#include "support/serve_job.hpp"
#include "support/served_image.hpp"

using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kPatience{10 * kSlowness};

std::string many_images(int images) {
    return npy("|u1", "(" + std::to_string(images) + ", 3, 32, 32)",
               std::string(static_cast<std::size_t>(images) * 3072, '\x40'));
}

}  // namespace

TEST_CASE("SIGTERM with 50 requests in flight: all are answered, exit 0 within 10 s") {
    Served server(trained().root());
    REQUIRE(server.settled().status == 200);
    const std::string request =
        request_text("POST", "/invocations", many_images(20 / kSlowness), {{"Content-Type", "application/x-npy"}});
    std::vector<HttpClient> clients;
    for (int i = 0; i < 50; ++i) {
        clients.emplace_back(server.port());
        clients.back().send(request);
    }
    server.send(SIGTERM);
    int answered = 0;
    for (auto& client : clients) answered += client.read_reply().status == 200 ? 1 : 0;
    CHECK(answered == 50);
    const Ended ended = server.wait(kPatience);
    INFO(ended.output);
    CHECK_FALSE(ended.hung);
    CHECK(ended.code == 0);
    CHECK(ended.says("draining"));
    CHECK(ended.says("stopped"));
}

TEST_CASE("idle connections and half-sent requests do not hold up a stop") {
    Served server(trained().root());
    REQUIRE(server.settled().status == 200);
    const HttpClient idle(server.port());
    const HttpClient half(server.port());
    half.send("POST /invocations HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
    server.send(SIGINT);
    const Ended ended = server.wait(20s * kSlowness);
    CHECK_FALSE(ended.hung);
    CHECK(ended.code == 0);
}

TEST_CASE("a stop before the model is loaded, and before anything else") {
    for (const auto delay : {0ms, 50ms, 200ms}) {
        Served server(trained().root());
        std::this_thread::sleep_for(delay);
        server.send(SIGTERM);
        const Ended ended = server.wait(kPatience);
        INFO(ended.output);
        CHECK_FALSE(ended.hung);
        CHECK(ended.code == 0);
    }
}

TEST_CASE("a second signal ends it at once") {
    Served server(trained().root());
    REQUIRE(server.settled().status == 200);
    HttpClient half(server.port());
    half.send("POST /invocations HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
    std::this_thread::sleep_for(50ms);
    server.send(SIGTERM);
    REQUIRE(server.says("draining"));
    server.send(SIGTERM);
    CHECK(server.wait(kPatience).code == 128 + SIGTERM);
}

TEST_CASE("during the drain /ping says so") {
    Served server(trained().root());
    REQUIRE(server.settled().status == 200);
    HttpClient half(server.port());
    const std::string request = request_text("POST", "/invocations", as_png(1), {{"Content-Type", "image/png"}});
    half.send(request.substr(0, request.size() - 10));
    HttpClient pinging(server.port());
    CHECK(pinging.ask("GET", "/ping").status == 200);
    server.send(SIGTERM);
    REQUIRE(server.says("draining"));
    const Reply ping = ask(server.port(), "GET", "/ping");
    CHECK(ping.status == 503);
    CHECK(error_of(ping) == "draining");
    CHECK(ping.header("connection") == "close");
    half.send(request.substr(request.size() - 10));
    CHECK(half.read_reply().status == 200);
    CHECK(server.wait(kPatience).code == 0);
}

TEST_CASE("/ping answers within the platform's 2 s while 16 clients load the server") {
    Served server(trained().root(), {{"SAGEMAKER_CONTAINER_LOG_LEVEL", "20"}});
    REQUIRE(server.settled().status == 200);
    std::atomic<bool> stop{false};
    std::atomic<int> answered{0}, failed{0};
    std::vector<std::thread> load;
    const std::string body = many_images(8);
    for (int i = 0; i < 16; ++i) {
        load.emplace_back([&] {
            HttpClient client(server.port());
            while (!stop) {
                const Reply reply = client.ask("POST", "/invocations", body, {{"Content-Type", "application/x-npy"}});
                ++(reply.status == 200 ? answered : failed);
            }
        });
    }
    int late = 0, pings = 0;
    for (; pings < 200 || answered + failed < 160; ++pings) {
        const auto begin = std::chrono::steady_clock::now();
        REQUIRE(server.ping().status == 200);
        if (std::chrono::steady_clock::now() - begin > 2s * kSlowness) ++late;
    }
    stop = true;
    for (auto& thread : load) thread.join();
    CHECK(late * 100 <= pings);
    CHECK(failed == 0);
}

TEST_CASE("a burst of connections and long lives of them") {
    const Served& server = shared_server();
    const std::string png = as_png(1);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 300; ++i) clients.emplace_back(server.port());
    for (auto& client : clients) {
        client.send(request_text("POST", "/invocations", png, {{"Content-Type", "image/png"}}));
    }
    for (auto& client : clients) REQUIRE(client.read_reply().status == 200);
    for (int i = 0; i < 1000; ++i) REQUIRE(clients.front().ask("GET", "/ping").status == 200);
}
