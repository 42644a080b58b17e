#include "tundish/serve/serve_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <mutex>
#include <sstream>

namespace tundish {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// From a tenth of a millisecond to the platform's limit.
const Buckets kSeconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                       0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};
const Buckets kImages{1, 2, 4, 8, 16, 32, 64, 128};
constexpr std::array kStates{ServeState::starting, ServeState::ready, ServeState::failed, ServeState::draining};
constexpr std::array kPhases{"decode", "queue", "inference", "encode"};

// Only types that we know become a label: a client must not be able to make series without end.
std::string label_of(std::string_view type) {
    for (const std::string_view known :
         {"image/png", "image/jpeg", "image/bmp", "image/webp", "application/x-image", "application/x-npy",
          "application/json", "application/jsonlines", "text/csv", "text/plain", "application/octet-stream",
          "application/x-www-form-urlencoded", "application/x-recordio"}) {
        if (type == known) return std::string(known);
    }
    return type.empty() ? "none" : "other";
}

std::string route_label(std::string_view route) {
    for (const std::string_view known : {"/ping", "/invocations", "/execution-parameters", "/metrics", "/"}) {
        if (route == known) return std::string(known);
    }
    return "other";
}

// Resident memory, from the second number of /proc/self/statm.
double resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double total = 0, resident = 0;
    file >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

struct ServeMetrics::Families {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests =
        prometheus::BuildCounter().Name("tundish_requests_total").Help("Requests answered.").Register(registry);
    prometheus::Family<prometheus::Histogram>& latencies =
        prometheus::BuildHistogram()
            .Name("tundish_request_seconds")
            .Help("From when a request has been read to when its reply is made, both transfers left out.")
            .Register(registry);
    prometheus::Family<prometheus::Histogram>& phase_times = prometheus::BuildHistogram()
                                                                 .Name("tundish_phase_seconds")
                                                                 .Help("Parts of answering an invocation.")
                                                                 .Register(registry);
    std::array<prometheus::Histogram*, kPhases.size()> phases{};
    prometheus::Histogram& batches = prometheus::BuildHistogram()
                                         .Name("tundish_batch_images")
                                         .Help("Images of one forward pass.")
                                         .Register(registry)
                                         .Add({}, kImages);
    prometheus::Gauge& in_flight =
        gauge("tundish_requests_in_flight", "Requests that wait for the model or are computed.");
    prometheus::Gauge& requests_waiting = gauge("tundish_requests_waiting", "Requests in the queue before the model.");
    prometheus::Gauge& images_waiting = gauge("tundish_images_waiting", "Images of those requests.");
    prometheus::Gauge& ready = gauge("tundish_ready", "1 when /ping is answered with 200.");
    prometheus::Gauge& uptime = gauge("tundish_uptime_seconds", "Since the server was started.");
    prometheus::Gauge& memory = gauge("process_resident_memory_bytes", "Resident memory.");
    prometheus::Counter& processor = prometheus::BuildCounter()
                                         .Name("process_cpu_seconds_total")
                                         .Help("Processor time of all threads.")
                                         .Register(registry)
                                         .Add({});
    std::mutex processor_mutex;  // a counter is only told what was added
    std::array<prometheus::Gauge*, kStates.size()> states{};

    Families() {
        for (std::size_t i = 0; i < kPhases.size(); ++i)
            phases[i] = &phase_times.Add({{"phase", kPhases[i]}}, kSeconds);
        auto& state = prometheus::BuildGauge()
                          .Name("tundish_state")
                          .Help("1 for the state that the server is in.")
                          .Register(registry);
        for (std::size_t i = 0; i < kStates.size(); ++i) states[i] = &state.Add({{"state", to_text(kStates[i])}});
    }

    void count_processor_time() {
        const std::lock_guard lock(processor_mutex);
        processor.Increment(processor_seconds() - processor.Value());
    }

    prometheus::Gauge& gauge(const char* name, const char* help) {
        return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
    }
};

ServeMetrics::ServeMetrics() : families_(std::make_unique<Families>()) {}
ServeMetrics::~ServeMetrics() = default;

void ServeMetrics::count_request(std::string_view route, int status, std::string_view type, double seconds) {
    const std::string path = route_label(route);
    families_->requests.Add({{"path", path}, {"status", std::to_string(status)}, {"type", label_of(type)}}).Increment();
    families_->latencies.Add({{"path", path}}, kSeconds).Observe(seconds);
}

void ServeMetrics::observe(ServePhase phase, double seconds) {
    families_->phases[static_cast<std::size_t>(phase)]->Observe(seconds);
}

void ServeMetrics::observe_batch(std::size_t images) {
    families_->batches.Observe(static_cast<double>(images));
}

std::string ServeMetrics::text(const Gauges& gauges) const {
    families_->in_flight.Set(static_cast<double>(gauges.requests_in_flight));
    families_->requests_waiting.Set(static_cast<double>(gauges.requests_waiting));
    families_->images_waiting.Set(static_cast<double>(gauges.images_waiting));
    families_->ready.Set(gauges.state == ServeState::ready ? 1 : 0);
    for (std::size_t i = 0; i < kStates.size(); ++i) families_->states[i]->Set(gauges.state == kStates[i] ? 1 : 0);
    families_->uptime.Set(gauges.uptime_seconds);
    families_->memory.Set(resident_bytes());
    families_->count_processor_time();
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_->registry.Collect());
    return out.str();
}

}  // namespace tundish
