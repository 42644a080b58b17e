// What an endpoint says of itself while its model is loaded, works, is stuck or fails, and when it is to end.
#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/loaded_endpoint.hpp"
#include "support/logged.hpp"
#include "support/server_child.hpp"
#include "tundish/base/shutdown.hpp"

#include <algorithm>
#include <atomic>

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

TEST_CASE("before the model is loaded: 503 with the state everywhere but on the facts") {
    auto gate = std::make_shared<Gate>();
    Endpoint endpoint({}, [gate](const ClassifierOptions&) {
        gate->wait();
        return std::make_unique<FakeClassifier>();
    });
    CHECK(endpoint.loading());
    CHECK(code_of(ask(endpoint, "GET", "/ping")) == "503 starting");
    const HttpReply invocation = ask(endpoint, "POST", "/invocations", "[1,2,3,4]");
    CHECK(code_of(invocation) == "503 starting");
    CHECK(invocation.headers.get("Retry-After") == "1");
    CHECK(ask(endpoint, "GET", "/execution-parameters").status == 200);
    CHECK(ask(endpoint, "GET", "/metrics").body.find("tundish_ready 0") != std::string::npos);
    CHECK(lacks(ask(endpoint, "GET", "/").body, {"starting", "fetch('ping')", "location.reload()"}).empty());
    endpoint.watch();
    gate->open();
    while (endpoint.loading()) std::this_thread::sleep_for(1ms);
    CHECK(ask(endpoint, "GET", "/ping").status == 200);
}

TEST_CASE("ready: 200 with an empty body, after a pass through the model") {
    auto log = std::make_shared<FakeLog>();
    LoadedEndpoint loaded({}, loads(log));
    const HttpReply reply = loaded.ask("GET", "/ping");
    CHECK(reply.status == 200);
    CHECK(reply.body.empty());
    CHECK(reply.content_type.empty());
    CHECK_FALSE(log->seen().empty());
    CHECK(loaded.ask("HEAD", "/ping").status == 200);
}

TEST_CASE("a model that cannot be loaded: 503 with the reason, for good") {
    LoadedEndpoint loaded({}, [](const ClassifierOptions&) -> std::unique_ptr<Classifier> {
        throw std::runtime_error("config.json is missing");
    });
    for (const char* path : {"/ping", "/ping"}) {
        const HttpReply reply = loaded.ask("GET", path);
        CHECK(code_of(reply) == "503 failed");
        CHECK(lacks(reply.body, {"config.json is missing"}).empty());
    }
    CHECK(code_of(loaded.invoke("[1,2,3,4]")) == "503 failed");
    CHECK(lacks(loaded.ask("GET", "/").body, {"failed", "config.json is missing"}).empty());
}

TEST_CASE("a model whose first pass fails is not ready") {
    struct Broken : FakeClassifier {
        void classify(const float*, std::size_t, float*) const override { throw std::runtime_error("wrong weights"); }
    };
    LoadedEndpoint loaded({}, [](const ClassifierOptions&) { return std::make_unique<Broken>(); });
    const HttpReply reply = loaded.ask("GET", "/ping");
    CHECK(code_of(reply) == "503 failed");
    CHECK(lacks(reply.body, {"wrong weights"}).empty());
}

TEST_CASE("an engine that is stuck makes the server fail") {
    auto log = std::make_shared<FakeLog>();
    LoadedEndpoint loaded({.request_time = 50ms, .stuck_time = 2s, .workers = 1}, loads(log));
    loaded.endpoint.watch();
    CHECK(loaded.ask("GET", "/ping").status == 200);
    CHECK_FALSE(loaded.endpoint.busy());
    CHECK(code_of(loaded.invoke("[201,0,0,0]")) == "503 deadline_exceeded");
    while (loaded.endpoint.health().state() == ServeState::ready) {
        std::this_thread::sleep_for(10ms);
        loaded.endpoint.watch();
    }
    const HttpReply reply = loaded.ask("GET", "/ping");
    CHECK(code_of(reply) == "503 failed");
    CHECK(lacks(reply.body, {"stuck"}).empty());
    CHECK(code_of(loaded.invoke("[1,0,0,0]")) == "503 failed");
    CHECK(loaded.endpoint.busy());  // a stop must not wait for it
    log->gate.open();
    while (loaded.endpoint.health().state() != ServeState::ready) {
        std::this_thread::sleep_for(10ms);
        loaded.endpoint.watch();
    }
    CHECK(loaded.invoke("[51,0,0,0]").body == "[0.8,0.2]");
}

namespace {

// A model that takes half a second for each image.
struct Slow : FakeClassifier {
    using FakeClassifier::FakeClassifier;
    void classify(const float* pixels, std::size_t images, float* probabilities) const override {
        std::this_thread::sleep_for(images * 450ms);
        FakeClassifier::classify(pixels, images, probabilities);
    }
};

}  // namespace

TEST_CASE("a slow model has small batches, and a long pass of its own is not taken for stuck") {
    auto log = std::make_shared<FakeLog>();
    LoadedEndpoint loaded({.stuck_time = 3s, .workers = 1, .largest_batch = 16},
                          [&](const ClassifierOptions&) { return std::make_unique<Slow>(log); });
    CHECK(loaded.ask("GET", "/ping").status == 200);
    CHECK(loaded.invoke("[[51,0,0,0],[51,0,0,0],[51,0,0,0],[51,0,0,0],[51,0,0,0],[51,0,0,0]]").status == 200);
    const auto seen = log->seen();
    CHECK(*std::max_element(seen.begin(), seen.end()) == 4);
}

TEST_CASE("a device that has failed for good makes the server fail") {
    LoadedEndpoint loaded({.workers = 1}, loads(std::make_shared<FakeLog>()));
    CHECK(code_of(loaded.invoke("[202,0,0,0]")) == "500 model_failed");
    CHECK(loaded.ask("GET", "/ping").status == 200);  // one bad image is no reason
    CHECK(code_of(loaded.invoke("[205,0,0,0]")) == "500 model_failed");
    const HttpReply reply = loaded.ask("GET", "/ping");
    CHECK(code_of(reply) == "503 failed");
    CHECK(lacks(reply.body, {"the GPU failed", "illegal memory access"}).empty());
    CHECK(code_of(loaded.invoke("[1,0,0,0]")) == "503 failed");
}

TEST_CASE("a first pass that is stuck makes the server fail too") {
    auto gate = std::make_shared<Gate>();
    struct Stuck : FakeClassifier {
        explicit Stuck(std::shared_ptr<Gate> door) : gate(std::move(door)) {}
        void classify(const float*, std::size_t, float*) const override { gate->wait(); }
        std::shared_ptr<Gate> gate;
    };
    LoadedEndpoint loaded({.stuck_time = 20ms, .workers = 1},
                          [&](const ClassifierOptions&) { return std::make_unique<Stuck>(gate); });
    const HttpReply reply = loaded.ask("GET", "/ping");
    CHECK(code_of(reply) == "503 failed");
    CHECK(lacks(reply.body, {"first forward pass"}).empty());
    CHECK(loaded.endpoint.busy());
    gate->open();
}

TEST_CASE("after a stop /ping says draining, and what comes is still answered") {
    forget_other_childrens_stop();
    const int code = exit_code_of([] {
        LoadedEndpoint loaded;
        request_stop();
        const HttpReply ping = loaded.ask("GET", "/ping");
        if (ping.status != 503 || ping.body.find("draining") == std::string::npos) return 1;
        return loaded.invoke("[255,0,0,0]").status == 200 ? 0 : 2;
    });
    forget_other_childrens_stop();
    CHECK(code == 0);
}

TEST_CASE("after a stop the state is draining in /metrics too, though nobody asks for /ping") {
    forget_other_childrens_stop();
    const int code = exit_code_of([] {
        LoadedEndpoint loaded;
        const auto ready = [&] {
            return loaded.ask("GET", "/metrics").body.find("\ntundish_ready 1\n") != std::string::npos;
        };
        if (!ready()) return 1;
        request_stop();
        loaded.endpoint.watch();
        return ready() ? 2 : 0;
    });
    forget_other_childrens_stop();
    CHECK(code == 0);
}
