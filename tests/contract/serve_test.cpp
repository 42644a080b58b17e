// `tundish serve` as SageMaker sees it: states, routes, status codes, headers, variables
// (inference-contract.md 1.3-1.8).
#include <opencv2/imgcodecs.hpp>
#include <sys/stat.h>

#include <cmath>

#include "support/catch.hpp"
#include "support/serve_job.hpp"
#include "support/served_image.hpp"

using namespace tundish::testing;
using Json = nlohmann::json;

TEST_CASE("the port is open before the model is loaded, and /ping says 503 until it answers") {
    const ModelCopy copy;
    // A FIFO in place of the configuration: loading goes on only when somebody writes it.
    const std::string config = copy.read("config.json");
    std::filesystem::remove(copy.model() / "config.json");
    REQUIRE(::mkfifo((copy.model() / "config.json").c_str(), 0644) == 0);
    Served server(copy.root());
    const Reply early = server.ping();
    CHECK(early.status == 503);
    CHECK(error_of(early) == "starting");
    const Reply invocation = server.invoke(as_png(1), "image/png");
    CHECK(invocation.status == 503);
    CHECK(invocation.header("retry-after") == "1");
    CHECK(ask(server.port(), "GET", "/execution-parameters").status == 200);
    const int waiting = ::open((copy.model() / "config.json").c_str(), O_WRONLY | O_CLOEXEC);
    copy.write("real.json", config);  // it may be read again
    std::filesystem::rename(copy.model() / "real.json", copy.model() / "config.json");
    REQUIRE(::write(waiting, config.data(), config.size()) == static_cast<ssize_t>(config.size()));
    ::close(waiting);
    const Reply ready = server.settled();
    CHECK(ready.status == 200);
    CHECK(ready.body.empty());
    CHECK(ready.header("content-length") == "0");
    CHECK(server.says("ready after"));
}

TEST_CASE("the table of situations and codes") {
    const Served& server = shared_server();
    const std::string png = as_png(1);
    const auto refused = [&](const std::string& body, const std::string& type, const std::string& accept = {}) {
        const Reply reply = server.invoke(body, type, accept);
        CHECK(reply.header("content-type") == "application/json");
        CHECK(reply.body.size() < 2048);
        CHECK(reply.says("\"message\":"));
        return std::to_string(reply.status) + " " + error_of(reply);
    };
    SECTION("undecodable image, bad JSON, wrong shape, empty body: 400") {
        CHECK(refused("these are words", "image/png").starts_with("400 "));
        CHECK(refused(png.substr(0, png.size() / 2), "image/png").starts_with("400 "));
        CHECK(refused("[[1,2", "application/json").starts_with("400 "));
        CHECK(refused("[1,2,3]", "application/json").starts_with("400 "));
        CHECK(refused(npy("<f4", "(5, 7)", std::string(140, '\0')), "application/x-npy").starts_with("400 "));
        CHECK(refused("1,2,3", "text/csv").starts_with("400 "));
        for (const char* type : {"image/png", "application/json", "text/csv", "application/x-npy",
                                 "application/jsonlines", "application/x-recordio", "application/octet-stream", ""}) {
            INFO(type);
            CHECK(refused("", type).starts_with("400 "));
        }
    }
    SECTION("unknown Content-Type: 415") {
        for (const char* type : {"text/libsvm", "application/x-npz", "application/x-recordio-protobuf",
                                 "multipart/form-data; boundary=x", "video/mp4"}) {
            INFO(type);
            CHECK(refused("words", type) == "415 unsupported_media_type");
        }
        CHECK(server.invoke(png, "image/png", {}, {{"Content-Encoding", "gzip"}}).status == 415);
    }
    SECTION("no acceptable output type: 406") {
        CHECK(refused(png, "image/png", "image/png").starts_with("406 "));
        CHECK(refused(png, "image/png", "text/html, application/xml;q=0.9").starts_with("406 "));
        CHECK(refused(png, "image/png", "application/json;q=0").starts_with("406 "));
    }
    SECTION("too large: 413, unread") {
        HttpClient client(server.port());
        client.send(
            "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 134217729\r\n\r\n");
        CHECK(client.read_reply().status == 413);
    }
    SECTION("unknown path 404, wrong method 405 with Allow") {
        CHECK(ask(server.port(), "GET", "/models").status == 404);
        CHECK(ask(server.port(), "POST", "/predict", "x").status == 404);
        const Reply get = ask(server.port(), "GET", "/invocations");
        CHECK(get.status == 405);
        CHECK(get.header("allow") == "POST");
        const Reply post = ask(server.port(), "POST", "/ping", "x");
        CHECK(post.status == 405);
        CHECK(post.header("allow") == "GET, HEAD");
        CHECK(ask(server.port(), "DELETE", "/invocations").status == 405);
    }
    CHECK(server.ping().status == 200);
}

TEST_CASE("a deadline that passes: 503, and the server goes on") {
    Served server(trained().root(), {{"SAGEMAKER_MODEL_SERVER_TIMEOUT", "1"}}, {"--working-memory", "4GiB"});
    REQUIRE(server.settled().status == 200);
    // A quarter of a million images of one pixel, to be enlarged and classified: no machine does it within a second.
    const std::string pixels = npy("|u1", "(250000, 3, 1, 1)", std::string(750'000, '\x40'));
    const Reply reply = server.invoke(pixels, "application/x-npy");
    CHECK(reply.status == 503);
    CHECK(error_of(reply) == "deadline_exceeded");
    CHECK(reply.header("retry-after") == "1");
    CHECK(server.invoke(as_png(1), "image/png").status == 200);
}

TEST_CASE("bodies of 6 MiB + 1, 25 MiB and 100 MiB are read, whichever way they come") {
    const Served& server = shared_server();
    for (const std::size_t mebibytes : {6U, 25U}) {
        const std::string body = "[" + std::string((mebibytes << 20U) - 1, ' ') + "]";  // JSON, but no image
        CHECK(server.invoke(body, "application/json").status == 400);
    }
    const std::string words(std::size_t{100} << 20U, 'w');
    CHECK(server.invoke(words, "image/png").status == 400);
    HttpClient client(server.port());
    client.send(
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(in_chunks(as_png(1), 17));
    CHECK(client.read_reply().status == 200);
    client.send(
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nExpect: 100-continue\r\n"
        "Content-Length: " +
        std::to_string(as_png(1).size()) + "\r\n\r\n");
    CHECK(client.read_reply().status == 100);
    client.send(as_png(1));
    CHECK(client.read_reply().status == 200);
}

TEST_CASE("headers: names in any case, unknown ones passed over, custom attributes echoed, exact types back") {
    const Served& server = shared_server();
    const std::string png = as_png(1);
    const Headers sent{
        {"Content-type", "IMAGE/PNG; charset=binary"},  {"x-amzn-sagemaker-custom-attributes", "trace-id=%7F3a%zz"},
        {"X-Amzn-SageMaker-Inference-Id", "id-17"},     {"X-Amzn-SageMaker-Target-Variant", "AllTraffic"},
        {"X-Amzn-SageMaker-Session-Id", "NEW_SESSION"}, {"X-Unknown", "1"}};
    const Reply reply = ask(server.port(), "POST", "/invocations", png, sent);
    CHECK(reply.status == 200);
    CHECK(reply.header("x-amzn-sagemaker-custom-attributes") == "trace-id=%7F3a%zz");
    CHECK(reply.header("content-type") == "application/json");
    const Reply error = ask(server.port(), "POST", "/invocations", "words", sent);
    CHECK(error.status == 400);
    CHECK(error.header("x-amzn-sagemaker-custom-attributes") == "trace-id=%7F3a%zz");
    const Reply alias = ask(server.port(), "POST", "/endpoints/my-endpoint/invocations", png, sent);
    CHECK(alias.body == reply.body);
}

TEST_CASE("one log line for each request, without its payload") {
    Served server(trained().root());
    REQUIRE(server.settled().status == 200);
    server.invoke("SECRET,two", "text/csv", {}, {{"X-Amzn-SageMaker-Inference-Id", "id-17"}});
    server.invoke("SECRET words", "application/octet-stream");
    CHECK(server.says("POST '/invocations' 400"));
    CHECK(server.says("inference id 'id-17'"));
    CHECK(server.output().find("SECRET") == std::string::npos);
    server.invoke("x\xFF\x1B[31m", "text/csv");
    CHECK(server.says("bad_csv at row 0, column 0"));
    const Reply odd_type = server.invoke("x", "text/csv\x1B[31m");
    // Debian 13's cpp-httplib refuses such a header itself: that is no HTTP.
    CHECK((odd_type.status == 415 || odd_type.status == 400));
    CHECK(server.says(odd_type.status == 415 ? "POST '/invocations' 415" : "unreadable request 400"));
    for (const char c : server.output()) REQUIRE((c == '\n' || (c >= ' ' && c <= '~')));
}

TEST_CASE("variables: the port, the reply's type, what cannot be used") {
    int port = 0;
    {
        const Served probe(trained().root());
        port = probe.port();
    }
    const Arguments by_variable{"tundish", "serve", "--root", trained().root().string()};
    Process process(TUNDISH_EXECUTABLE, by_variable,
                    {{"SAGEMAKER_BIND_TO_PORT", std::to_string(port)},
                     {"SAGEMAKER_SAFE_PORT_RANGE", "1-65535"},
                     {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv"}});
    REQUIRE(process.wait_for("ready after"));
    const Reply reply = ask(port, "POST", "/invocations", as_png(1), {{"Content-Type", "image/png"}});
    CHECK(reply.header("content-type") == "text/csv");
    process.send(SIGTERM);
    CHECK(process.wait().code == 0);

    const Ended wrong = run_tundish({"serve", "--root", trained().root().string()},
                                    {{"SAGEMAKER_BIND_TO_PORT", "http"}, {"SAGEMAKER_MODEL_SERVER_WORKERS", "0"}});
    INFO(wrong.output);
    CHECK(wrong.code == 2);
    CHECK(wrong.says("SAGEMAKER_BIND_TO_PORT is 'http'"));
    CHECK(wrong.says("SAGEMAKER_MODEL_SERVER_WORKERS is '0'"));
}

TEST_CASE("--port beats the variable, --max-body moves the limit") {
    Served server(trained().root(), {{"SAGEMAKER_BIND_TO_PORT", "1"}}, {"--max-body", "1MiB"});
    REQUIRE(server.settled().status == 200);
    CHECK(server.invoke(std::string((1U << 20U) + 1, ' '), "application/json").status == 413);
    CHECK(server.invoke(as_png(1), "image/png").status == 200);
}

TEST_CASE("the environment is not in the log") {
    Served server(trained().root(), {{"AWS_SECRET_ACCESS_KEY", "hush-hush"}, {"SAGEMAKER_CONTAINER_LOG_LEVEL", "10"}});
    REQUIRE(server.settled().status == 200);
    CHECK(server.invoke(as_png(1), "image/png").status == 200);
    CHECK(server.says("GET '/ping' 200"));  // debug
    CHECK(server.output().find("hush-hush") == std::string::npos);
}

TEST_CASE("/metrics is Prometheus' text on the same port, / a page") {
    const Served& server = shared_server();
    CHECK(server.invoke(as_png(1), "image/png").status == 200);
    const Reply metrics = ask(server.port(), "GET", "/metrics");
    CHECK(metrics.header("content-type").starts_with("text/plain"));
    CHECK(metrics.says(R"(tundish_requests_total{path="/invocations",status="200",type="image/png"})"));
    CHECK(metrics.says("tundish_ready 1"));
    const Reply page = ask(server.port(), "GET", "/");
    CHECK(page.header("content-type") == "text/html; charset=utf-8");
    CHECK(page.says("airbench"));
    CHECK(page.says("airplane, automobile"));
}
