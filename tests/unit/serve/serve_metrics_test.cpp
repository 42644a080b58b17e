#include "tundish/serve/serve_metrics.hpp"

#include <ctime>

#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace tundish;
using namespace tundish::testing;

TEST_CASE("requests are counted by path, status and type") {
    ServeMetrics metrics;
    metrics.count_request("/invocations", 200, "image/png", 0.002);
    metrics.count_request("/invocations", 200, "image/png", 0.002);
    metrics.count_request("/invocations", 400, "", 0.002);
    metrics.count_request("/ping", 200, "", 0.00001);
    CHECK(lacks(metrics.text({}), {R"(tundish_requests_total{path="/invocations",status="200",type="image/png"} 2)",
                                   R"(tundish_requests_total{path="/invocations",status="400",type="none"} 1)",
                                   R"(tundish_requests_total{path="/ping",status="200",type="none"} 1)",
                                   R"(tundish_request_seconds_count{path="/invocations"} 3)",
                                   R"(tundish_request_seconds_bucket{path="/invocations",le="0.0025"} 3)"})
              .empty());
}

TEST_CASE("what a client makes up does not become a series") {
    ServeMetrics metrics;
    for (int i = 0; i < 100; ++i) {
        metrics.count_request("/path" + std::to_string(i), 404, "made/up" + std::to_string(i), 0);
    }
    const std::string text = metrics.text({});
    CHECK(lacks(text, {R"(tundish_requests_total{path="other",status="404",type="other"} 100)"}).empty());
    CHECK(text.find("made/up") == std::string::npos);
}

TEST_CASE("processor time only grows") {
    const ServeMetrics metrics;
    const auto seconds = [&] {
        const std::string text = metrics.text({}), name = "\nprocess_cpu_seconds_total ";
        return std::stod(text.substr(text.find(name) + name.size()));
    };
    const double before = seconds();
    for (const auto begin = std::clock(); std::clock() < begin + CLOCKS_PER_SEC / 50;) {
    }
    CHECK(seconds() > before);
    CHECK(seconds() < before + 60);
}

TEST_CASE("types that clients really send are counted by name") {
    ServeMetrics metrics;
    for (const char* type : {"image/bmp", "image/webp", "text/plain", "application/x-www-form-urlencoded"}) {
        metrics.count_request("/invocations", 200, type, 0);
        CHECK(lacks(metrics.text({}), {R"(status="200",type=")" + std::string(type) + R"("} 1)"}).empty());
    }
}

TEST_CASE("phases, batches and gauges") {
    ServeMetrics metrics;
    metrics.observe(ServePhase::decode, 0.001);
    metrics.observe(ServePhase::queue, 0.001);
    metrics.observe(ServePhase::inference, 0.5);
    metrics.observe(ServePhase::encode, 0.001);
    metrics.observe_batch(3);
    const std::string text = metrics.text({.requests_in_flight = 7,
                                           .requests_waiting = 5,
                                           .images_waiting = 9,
                                           .state = ServeState::ready,
                                           .uptime_seconds = 12});
    CHECK(lacks(text,
                {R"(tundish_phase_seconds_count{phase="decode"} 1)", R"(tundish_phase_seconds_count{phase="queue"} 1)",
                 R"(tundish_phase_seconds_sum{phase="inference"} 0.5)",
                 R"(tundish_phase_seconds_count{phase="encode"} 1)", R"(tundish_batch_images_bucket{le="4"} 1)",
                 R"(tundish_batch_images_sum 3)", "tundish_requests_in_flight 7", "tundish_requests_waiting 5",
                 "tundish_images_waiting 9", R"(tundish_state{state="ready"} 1)", R"(tundish_state{state="failed"} 0)",
                 "tundish_ready 1", "tundish_uptime_seconds 12", "process_resident_memory_bytes",
                 "process_cpu_seconds_total"})
              .empty());
    CHECK(lacks(metrics.text({.state = ServeState::draining}),
                {"tundish_ready 0", R"(tundish_state{state="draining"} 1)", R"(tundish_state{state="ready"} 0)"})
              .empty());
}

TEST_CASE("Prometheus' text format: each family has its HELP and TYPE, every line ends") {
    const std::string text = ServeMetrics().text({});
    CHECK(
        lacks(text, {"# HELP tundish_ready ", "# TYPE tundish_ready gauge", "# TYPE process_cpu_seconds_total counter",
                     "# TYPE tundish_phase_seconds histogram", "# TYPE tundish_batch_images histogram"})
            .empty());
    CHECK(text.back() == '\n');
}
