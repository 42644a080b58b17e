#include "tundish/serve/endpoint.hpp"

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/http_client.hpp"
#include "support/loaded_endpoint.hpp"
#include "support/logged.hpp"
#include "support/server_child.hpp"
#include "tundish/serve/http_server.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;
using Json = nlohmann::json;

TEST_CASE("routes: what is unknown is 404, a wrong method 405 with what is right") {
    LoadedEndpoint loaded;
    for (const char* path : {"/unknown", "/ping/", "/invocations/", "/endpoints//invocations",
                             "/endpoints/a/b/invocations", "/endpoints/a", "", "/models"}) {
        INFO(path);
        CHECK(code_of(loaded.ask("GET", path)) == "404 not_found");
        CHECK(loaded.ask("POST", path).status == 404);
    }
    for (const char* path : {"/ping", "/execution-parameters", "/metrics", "/"}) {
        const HttpReply reply = loaded.ask("POST", path);
        CHECK(code_of(reply) == "405 method_not_allowed");
        CHECK(reply.headers.get("Allow") == "GET, HEAD");
    }
    for (const char* path : {"/invocations", "/endpoints/my-name/invocations"}) {
        const HttpReply reply = loaded.ask("GET", path);
        CHECK(reply.status == 405);
        CHECK(reply.headers.get("Allow") == "POST");
        CHECK(loaded.ask("POST", path, "[51,0,0,0]").body == "[0.8,0.2]");
    }
}

TEST_CASE("a refused body is answered with its error") {
    LoadedEndpoint loaded;
    HttpRequest request{"POST", "/invocations", {}, {}, RequestError(413, "too_large", "the body is too large")};
    CHECK(code_of(loaded.endpoint.answer(request)) == "413 too_large");
    HttpRequest busy{"POST", "/invocations", {}, {}, RequestError(503, "busy", "too many")};
    CHECK(loaded.endpoint.answer(busy).headers.get("Retry-After") == "1");
}

TEST_CASE("a request that could not be read is a line in the log and a number in /metrics") {
    const std::string log = logged_by([] {
        LoadedEndpoint loaded;
        HttpRequest request{{}, {}, {}, {}, RequestError(431, "headers_too_large", "too long")};
        if (loaded.endpoint.answer(request).status != 431) return;
        std::printf("%s\n", loaded.ask("GET", "/metrics").body.c_str());
    });
    CHECK(lacks(log, {"info unreadable request 431 ", "headers_too_large",
                      R"(tundish_requests_total{path="other",status="431",type="none"} 1)"})
              .empty());
}

TEST_CASE("what a client sent is not in the log, wherever it stands in the body") {
    const std::string log = logged_by([] {
        LoadedEndpoint loaded;
        loaded.invoke("SECRETWORD,2,3,4", "text/csv");
        loaded.invoke("SECRETWORD", "application/octet-stream");
        loaded.invoke("1,2,3,4\n1,2,SECRETWORD,4", "text/csv");
        loaded.invoke(R"({"instances": [[1,2,3,4],[1,987654,3,4]]})");
        loaded.invoke("SECRETWORD", "image/png");
        loaded.invoke("[202,0,0,0]");
    });
    INFO(log);
    CHECK(log.find("SECRET") == std::string::npos);
    CHECK(log.find("987654") == std::string::npos);
    CHECK(lacks(log, {"400 ", ": bad_csv at row 0, column 0\n", ": unrecognised_body\n",
                      ": bad_csv at row 1, column 2\n", ": bad_value at instances[1][1]\n", ": bad_image\n",
                      ": model_failed: the model failed: this image breaks the model\n"})
              .empty());
    LoadedEndpoint loaded;
    CHECK(lacks(loaded.invoke("SECRETWORD,2,3,4", "text/csv").body, {"row 0, column 0: ", "found 'SECRETWORD'"}) == "");
}

TEST_CASE("a full queue over a socket: 503, when to come again, and a connection that goes on") {
    const ServerChild server([](const ServerChild::ReportPort& report) {
        LoadedEndpoint loaded({.workers = 1, .most_requests = 2});
        HttpServer http({.port = 0, .limits = {}},
                        [&](HttpRequest& request) { return loaded.endpoint.answer(request); });
        report(http.port());
        return http.run() ? 0 : 3;
    });
    std::vector<HttpClient> waiting;
    for (int i = 0; i < 2; ++i) {
        waiting.emplace_back(server.port());
        waiting.back().send(request_text("POST", "/invocations", "[201,0,0,0]"));
    }
    HttpClient client(server.port());
    while (!client.ask("GET", "/metrics").says("tundish_requests_in_flight 2")) std::this_thread::sleep_for(1ms);
    const Reply refused = client.ask("POST", "/invocations", "[1,2,3,4]");
    CHECK(refused.status == 503);
    CHECK(refused.says("queue_full"));
    CHECK(refused.header("retry-after") == "1");
    CHECK(client.ask("GET", "/ping").status == 200);
}

TEST_CASE("a request that takes longer than the drain is answered with 503 before the end") {
    ServerChild server([](const ServerChild::ReportPort& report) {
        const auto log = std::make_shared<FakeLog>();
        LoadedEndpoint loaded({.drain_time = 2s, .workers = 1}, loads(log));
        HttpServer http({.port = 0, .limits = {}, .drain_time = 2s},
                        [&](HttpRequest& request) { return loaded.endpoint.answer(request); });
        report(http.port());
        std::atomic<bool> ended{false};
        std::thread watcher([&] {
            for (; !ended; std::this_thread::sleep_for(20ms)) loaded.endpoint.watch();
        });
        const bool all_answered = http.run();
        ended = true;
        watcher.join();
        log->gate.open();  // the model waits until now
        return all_answered ? 0 : 3;
    });
    HttpClient client(server.port());
    client.send(request_text("POST", "/invocations", "[201,0,0,0]"));
    while (!ask(server.port(), "GET", "/metrics").says("tundish_requests_in_flight 1"))
        std::this_thread::sleep_for(1ms);
    server.stop();
    const Reply reply = client.read_reply();
    CHECK(reply.status == 503);
    CHECK(reply.says("draining"));
    CHECK(reply.header("retry-after") == "1");
    CHECK(server.wait() == 0);
}

TEST_CASE("custom attributes are echoed, on errors too, when they are visible ASCII") {
    LoadedEndpoint loaded;
    const std::string name = "X-Amzn-SageMaker-Custom-Attributes";
    const auto echo_of = [&](const std::string& body, const std::string& value) {
        return std::string(loaded.ask("POST", "/invocations", body, {{"x-amzn-sagemaker-custom-attributes", value}})
                               .headers.get(name));
    };
    CHECK(echo_of("[1,2,3,4]", "trace-id=7f3a") == "trace-id=7f3a");
    CHECK(echo_of("[1,2", "trace-id=7f3a") == "trace-id=7f3a");
    CHECK(echo_of("[1,2,3,4]", std::string(1024, 'a')).size() == 1024);
    CHECK(echo_of("[1,2,3,4]", std::string(1025, 'a')).empty());
    CHECK(echo_of("[1,2,3,4]", "a\r\nSet-Cookie: b").empty());
    CHECK(echo_of("[1,2,3,4]", "caf\xC3\xA9").empty());
    CHECK_FALSE(loaded.ask("POST", "/invocations", "[1,2,3,4]").headers.has(name));
}

TEST_CASE("values that look scaled are answered with a warning") {
    LoadedEndpoint loaded;
    CHECK(loaded.invoke("[0.5,0,1,0]").headers.has("X-Tundish-Warning"));
    CHECK_FALSE(loaded.invoke("[50,0,1,0]").headers.has("X-Tundish-Warning"));
}

TEST_CASE("faults of the client are 4xx, of the model 500, and the next request is answered") {
    LoadedEndpoint loaded;
    CHECK(loaded.invoke("[1,2,3").status == 400);
    CHECK(loaded.invoke("").status == 400);
    CHECK(loaded.invoke("x", "text/libsvm").status == 415);
    CHECK(loaded.ask("POST", "/invocations", "[1,2,3,4]", {{"Accept", "image/png"}}).status == 406);
    CHECK(code_of(loaded.invoke("[202,0,0,0]")) == "500 model_failed");
    CHECK(code_of(loaded.invoke("[203,0,0,0]")) == "500 model_failed");
    CHECK(loaded.invoke("[255,0,0,0]").body == "[0,1]");
}

TEST_CASE("the reply's type: Accept, else the default") {
    LoadedEndpoint loaded({.default_reply = ReplyType::csv});
    CHECK(loaded.invoke("[255,0,0,0]").content_type == "text/csv");
    const HttpReply reply = loaded.ask("POST", "/invocations", "[255,0,0,0]", {{"Accept", "application/json;verbose"}});
    CHECK(reply.content_type == "application/json");
    CHECK(Json::parse(reply.body).at("predicted_label") == "bright");
    const HttpReply second =
        loaded.ask("POST", "/invocations", "[255,0,0,0]", {{"Accept", "image/png"}, {"accept", "application/x-npy"}});
    CHECK(second.content_type == "application/x-npy");
}

TEST_CASE("batch transform: exactly one newline at the end, and placeholders where they are wanted") {
    LoadedEndpoint loaded({.batch_transform = true, .placeholder_for_bad_lines = true});
    CHECK(loaded.invoke("[255,0,0,0]").body == "[0,1]\n");
    const std::string lines = loaded.invoke("[255,0,0,0]\n[1\n[0,0,0,0]", "application/jsonlines").body;
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
    CHECK(lines.find("\"error\"") != std::string::npos);
}

TEST_CASE("/execution-parameters: what is configured, else the workers, within the platform's product of 100") {
    const auto parameters = [](const ServeOptions& options) {
        const HttpReply reply = LoadedEndpoint(options).ask("GET", "/execution-parameters");
        CHECK(reply.content_type == "application/json");
        return Json::parse(reply.body);
    };
    CHECK(parameters({.workers = 3}) == Json{{"MaxConcurrentTransforms", 3}, {"MaxPayloadInMB", 6}});
    CHECK(parameters({.workers = 64}).at("MaxConcurrentTransforms") == 16);
    CHECK(parameters({.workers = 8, .max_payload_mb = 50}).at("MaxConcurrentTransforms") == 2);
    CHECK(parameters({.workers = 8, .max_concurrent_transforms = 50}).at("MaxPayloadInMB") == 2);
    CHECK(parameters({.workers = 8, .max_concurrent_transforms = 100}).at("MaxPayloadInMB") == 1);
    CHECK(parameters({.workers = 8, .max_payload_mb = 0}).at("MaxConcurrentTransforms") == 8);
    CHECK(parameters({.max_concurrent_transforms = 4, .max_payload_mb = 20, .batch_strategy = "SINGLE_RECORD"}) ==
          Json{{"MaxConcurrentTransforms", 4}, {"MaxPayloadInMB", 20}, {"BatchStrategy", "SINGLE_RECORD"}});
}

TEST_CASE("/metrics counts what was answered") {
    LoadedEndpoint loaded;
    loaded.invoke("[1,2,3,4]");
    loaded.ask("POST", "/endpoints/x/invocations", "[1", {{"Content-Type", "application/json"}});
    const HttpReply reply = loaded.ask("GET", "/metrics");
    CHECK(reply.content_type.starts_with("text/plain"));
    CHECK(lacks(reply.body, {R"(path="/invocations",status="200",type="application/json"} 1)",
                             R"(path="/invocations",status="400",type="application/json"} 1)", "tundish_ready 1",
                             "tundish_batch_images_count 1", R"(tundish_phase_seconds_count{phase="decode"} 2)"})
              .empty());
}

TEST_CASE("the page has the model's facts and no outside resources") {
    LoadedEndpoint loaded;
    const HttpReply reply = loaded.ask("GET", "/");
    CHECK(reply.content_type == "text/html; charset=utf-8");
    CHECK(lacks(reply.body, {"<!doctype html>", "ready", "fake", "dark, bright", "1x2x2"}).empty());
    CHECK(reply.body.find("reload") == std::string::npos);
    for (const char* outside : {"src=\"", "href=", "@import", "https://"}) {
        CHECK(reply.body.find(outside) == std::string::npos);
    }
    CHECK(reply.headers.get("Content-Security-Policy").starts_with("default-src 'none'"));
}

TEST_CASE("a browser's question for an icon is answered without a word in the log") {
    const std::string log = logged_by([] {
        LoadedEndpoint loaded;
        std::printf("icon %d\n", loaded.ask("GET", "/favicon.ico").status);
    });
    CHECK(log.find("icon 204") != std::string::npos);
    CHECK(log.find("favicon") == std::string::npos);
}
