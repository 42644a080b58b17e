// What the endpoint makes of its machine, and of clients that do not wait for their answers.
#include <chrono>

#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/loaded_endpoint.hpp"
#include "support/server_child.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/serve/http_server.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

TEST_CASE("workers and their threads together are as many as there are processors") {
    for (const int workers : {0, 1, 2, 3, 200}) {
        INFO(workers);
        int threads = 0;
        const LoadedEndpoint loaded({.workers = workers}, [&](const ClassifierOptions& options) {
            threads = options.threads;
            return std::make_unique<FakeClassifier>();
        });
        const int processors = usable_processors(), used = workers > 0 ? workers : processors;
        CHECK(threads >= 1);
        CHECK((threads == 1 || used * threads <= processors));
        CHECK(used * (threads + 1) > processors);
    }
}

TEST_CASE("on a GPU a batch is one pass, however many processors there are") {
    auto log = std::make_shared<FakeLog>();
    LoadedEndpoint loaded({.largest_batch = 64}, [log](const ClassifierOptions&) {
        return std::make_unique<FakeClassifier>(log, /*on_gpu=*/true);
    });
    std::string rows = "1,2,3,4";
    for (int i = 1; i < 64; ++i) rows += "\n1,2,3,4";
    CHECK(loaded.invoke(rows, "text/csv").status == 200);
    CHECK(log->seen() == std::vector<std::size_t>{1, 1, 1, 64});  // after the warm-up and two passes that are timed
}

TEST_CASE("requests of clients that have gone are dropped; of one that has only finished sending not") {
    const ServerChild server([](const ServerChild::ReportPort& report) {
        LoadedEndpoint loaded({.request_time = 12s, .workers = 1});
        HttpServer http({.port = 0, .limits = {}}, [&](HttpRequest& request) { return loaded.answer(request); });
        report(http.port());
        return http.run() ? 0 : 3;
    });
    const auto in_flight = [&](int requests) {
        const std::string line = "tundish_requests_in_flight " + std::to_string(requests) + "\n";
        return ask(server.port(), "GET", "/metrics").says(line);
    };
    HttpClient busy(server.port()), half(server.port());
    busy.send(request_text("POST", "/invocations", "[201,0,0,0]"));
    while (!in_flight(1)) std::this_thread::sleep_for(1ms);  // the model is its own before the others come
    half.send(request_text("POST", "/invocations", "[1,0,0,0]"));
    half.half_close();
    {
        HttpClient closed(server.port()), reset(server.port());  // whose first reply stays unread
        closed.send(request_text("POST", "/invocations", "[2,0,0,0]"));
        reset.send(request_text("GET", "/ping") + request_text("POST", "/invocations", "[3,0,0,0]"));
        while (!in_flight(4)) std::this_thread::sleep_for(1ms);
    }
    const auto end = std::chrono::steady_clock::now() + 8s;
    bool dropped = false;
    for (; !dropped && std::chrono::steady_clock::now() < end; dropped = in_flight(2))
        std::this_thread::sleep_for(10ms);
    CHECK(dropped);
    CHECK(half.read_reply(/*body=*/false).status == 100);
    const Reply late = half.read_reply();
    CHECK(late.status == 503);
    CHECK(late.says("deadline_exceeded"));
}
