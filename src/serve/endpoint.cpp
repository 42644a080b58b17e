#include "tundish/serve/endpoint.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "invocations.hpp"
#include "page.hpp"
#include "printable.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/process_age.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {
namespace {

constexpr std::string_view kCustomAttributes = "X-Amzn-SageMaker-Custom-Attributes";
constexpr std::string_view kContentSecurity =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src blob: data:; connect-src "
    "'self'";

enum class Route { ping, invocations, execution_parameters, metrics, page, icon, unknown };

// "/endpoints/{name}/invocations" is what boto3 sends with endpoint_url.
bool is_runtime_path(std::string_view path) {
    constexpr std::string_view kBegin = "/endpoints/", kEnd = "/invocations";
    if (!path.starts_with(kBegin) || !path.ends_with(kEnd) || path.size() <= kBegin.size() + kEnd.size()) return false;
    const auto name = path.substr(kBegin.size(), path.size() - kBegin.size() - kEnd.size());
    return name.find('/') == std::string_view::npos;
}

Route route_of(std::string_view path) {
    if (path == "/ping") return Route::ping;
    if (path == "/invocations" || is_runtime_path(path)) return Route::invocations;
    if (path == "/execution-parameters") return Route::execution_parameters;
    if (path == "/metrics") return Route::metrics;
    if (path == "/favicon.ico") return Route::icon;
    return path == "/" ? Route::page : Route::unknown;
}

// Visible ASCII of at most 1,024 bytes, as InvokeEndpoint asks; anything else would be a header of the client's making.
bool may_be_echoed(std::string_view attributes) {
    return !attributes.empty() && attributes.size() <= 1024 &&
           std::all_of(attributes.begin(), attributes.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// A message to the client may quote what it sent; what goes wrong on our side is told in our words.
std::string for_log(const RequestError& error) {
    if (error.status() >= 500) return text(error.code(), ": ", error.what());
    return error.place().empty() ? error.code() : text(error.code(), " at ", error.place());
}

HttpReply wrong_method(const char* allowed) {
    HttpReply reply = error_reply(405, "method_not_allowed", text("this path takes ", allowed, " only"));
    reply.headers.add("Allow", allowed);
    return reply;
}

constexpr const char* kNotHealthy = "not healthy, /ping answers 503: ";

}  // namespace

class Endpoint::Core {
  public:
    Core(const ServeOptions& options, LoadClassifier load)
        : options_(options),
          memory_(options.working_memory > 0 ? options.working_memory : default_working_memory()),
          loader_([this, load = std::move(load)] { this->load(load); }) {}

    ~Core() { loader_.join(); }

    HttpReply answer(HttpRequest& request) {
        const Stopwatch watch;
        HttpReply reply = answer_or_error(request);
        const auto attributes = request.headers.get(kCustomAttributes);
        if (may_be_echoed(attributes)) reply.headers.add(std::string(kCustomAttributes), std::string(attributes));
        const double seconds = watch.seconds();
        const std::string type = media_type_of(request.headers.get("Content-Type"));
        const Route route = route_of(request.path);
        metrics_.count_request(route == Route::invocations ? "/invocations" : request.path, reply.status,
                               route == Route::invocations ? type : "", seconds);
        log_request(request, reply, type, seconds, route);
        return reply;
    }

    Health& health() { return health_; }
    [[nodiscard]] bool loading() const { return loading_; }
    [[nodiscard]] bool busy() const { return loading_ || (owned_ != nullptr && owned_->engine->computing()); }

    [[nodiscard]] bool computes_at_once() const {
        const ServedModel* model = model_.load();
        return model != nullptr && model->computes_at_once;
    }

    void watch() {
        if (stop_requested()) health_.set_draining();
        const ServedModel* model = model_.load();
        if (model == nullptr) return;
        if (stop_requested()) answer_before_the_end(*model);
        watch_passes(*model);
    }

  private:
    void load(const LoadClassifier& load) noexcept {
        try {
            owned_ = load_served_model(options_, load, metrics_, [this](const std::string& why) { fail_once(why); });
            warm_up(*owned_, options_);
            fit_batch(*owned_, options_);
            model_ = owned_.get();
            log_info(text("ready after ", fixed(process_age_seconds(), 2), " s: ", describe(*owned_, options_)));
            health_.set_ready();
        } catch (const std::exception& error) {
            fail(error.what());
        }
        loading_ = false;
    }

    void watch_passes(const ServedModel& model) {
        const auto pass = model.engine->longest_pass();
        if (pass <= model.stuck_time) {
            if (health_.set_unstuck()) log_info("the pass has ended: healthy again");
            return;
        }
        const auto reason =
            text("a forward pass has been running for ", pass.count() / 1000, " s: the engine is stuck");
        if (health_.set_stuck(reason)) log_error(text(kNotHealthy, reason));
    }

    void fail_once(const std::string& reason) {
        if (health_.state() != ServeState::failed) fail(reason);
    }

    void fail(const std::string& reason) {
        health_.set_failed(reason);
        log_error(text(kNotHealthy, reason));
    }

    // A request that takes longer than the drain is answered too, a moment before its connection is cut off.
    void answer_before_the_end(const ServedModel& model) {
        constexpr std::chrono::seconds kMoment{1};
        if (!stopping_since_) stopping_since_ = Engine::Clock::now();
        if (Engine::Clock::now() - *stopping_since_ > options_.drain_time - kMoment) model.engine->give_up();
    }

    HttpReply answer_or_error(HttpRequest& request) {
        try {
            return answer_route(request);
        } catch (const RequestError& error) {
            HttpReply reply = error_reply(error.status(), error.code(), error.what());
            reply.problem = for_log(error);
            if (error.status() == 503) reply.headers.add("Retry-After", "1");
            return reply;
        } catch (const std::bad_alloc&) {
            return error_reply(503, "out_of_memory",
                               "no memory for this request at the moment: send it later, or smaller");
        }
    }

    HttpReply answer_route(const HttpRequest& request) {
        if (request.refusal) throw *request.refusal;
        const bool reads = request.method == "GET" || request.method == "HEAD";
        const Route route = route_of(request.path);
        if (route == Route::unknown) {
            return error_reply(404, "not_found",
                               "no such path; known: /ping, /invocations, /execution-parameters, /metrics, /");
        }
        if (route == Route::invocations) return request.method == "POST" ? invoke(request) : wrong_method("POST");
        if (!reads) return wrong_method("GET, HEAD");
        switch (route) {
            case Route::ping:
                return ping();
            case Route::execution_parameters:
                return execution_parameters();
            case Route::metrics:
                return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text(gauges()), {}};
            case Route::icon:  // browsers ask for it unasked
                return {204, {}, {}, {}};
            default:
                return page();
        }
    }

    HttpReply ping() {
        if (stop_requested()) health_.set_draining();
        const ServeState state = health_.state();
        if (state == ServeState::ready) return {};
        return error_reply(503, to_text(state), health_.reason());
    }

    HttpReply invoke(const HttpRequest& request) {
        const ServedModel* model = model_.load();
        const ServeState state = health_.state();
        if (model == nullptr || state == ServeState::failed) throw RequestError(503, to_text(state), health_.reason());
        return answer_invocation(request, *model, options_, memory_, metrics_);
    }

    HttpReply execution_parameters() const {
        // Their product may be at most 100; what is configured counts.
        constexpr int kMostProduct = 100, kUsualPayload = 6;
        const int most = kMostProduct / std::max(options_.max_payload_mb.value_or(kUsualPayload), kUsualPayload);
        const int transforms = options_.max_concurrent_transforms.value_or(std::min(worker_count(options_), most));
        const int payload =
            options_.max_payload_mb.value_or(std::clamp(kMostProduct / std::max(transforms, 1), 1, kUsualPayload));
        std::string body = text("{\"MaxConcurrentTransforms\": ", transforms, ", \"MaxPayloadInMB\": ", payload);
        if (options_.batch_strategy) body += text(", \"BatchStrategy\": \"", *options_.batch_strategy, '"');
        return {200, "application/json", body + "}", {}};
    }

    HttpReply page() const {
        const ServedModel* model = model_.load();
        HttpReply reply{200, "text/html; charset=utf-8", {}, {}};
        reply.body =
            page_html(health_.state(), health_.reason(), model != nullptr ? &model->classifier->facts() : nullptr);
        reply.headers.add("Content-Security-Policy", std::string(kContentSecurity));
        reply.headers.add("X-Content-Type-Options", "nosniff");
        return reply;
    }

    [[nodiscard]] ServeMetrics::Gauges gauges() const {
        const ServedModel* model = model_.load();
        ServeMetrics::Gauges gauges{.state = health_.state(), .uptime_seconds = process_age_seconds()};
        if (model == nullptr) return gauges;
        const auto [requests, images] = model->engine->waiting();
        gauges.requests_in_flight = model->engine->in_flight();
        gauges.requests_waiting = requests;
        gauges.images_waiting = images;
        return gauges;
    }

    // A line each, without the payload; what asks all the time for nothing in particular is of interest when debugging.
    static void log_request(const HttpRequest& request, const HttpReply& reply, const std::string& type, double seconds,
                            Route route) {
        const std::string what =
            request.method.empty() ? "unreadable request" : text(request.method, ' ', printable(request.path, 80));
        std::string line = text(what, ' ', reply.status, ' ', fixed(seconds * 1000, 2), " ms");
        if (route != Route::invocations && reply.status < 400) return log_debug(line);
        if (route == Route::ping) return log_debug(line);
        line += text(", ", request.body.size(), " bytes of ", type.empty() ? "no type" : printable(type, 40), " -> ",
                     reply.body.size(), " bytes of ", reply.content_type);
        if (const auto id = request.headers.get("X-Amzn-SageMaker-Inference-Id"); !id.empty()) {
            line += text(", inference id ", printable(id, 64));
        }
        log_info(reply.problem.empty() ? line : text(line, ": ", reply.problem));
    }

    ServeOptions options_;
    Health health_;
    WorkingMemory memory_;
    ServeMetrics metrics_;
    std::unique_ptr<ServedModel> owned_;  // the loader's until loading_ is false
    std::atomic<const ServedModel*> model_{nullptr};
    std::atomic<bool> loading_{true};
    std::optional<Engine::Clock::time_point> stopping_since_;  // watch()'s
    std::thread loader_;                                       // last: uses everything above
};

Endpoint::Endpoint(const ServeOptions& options, LoadClassifier load)
    : core_(std::make_unique<Core>(options, std::move(load))) {}

Endpoint::~Endpoint() = default;

HttpReply Endpoint::answer(HttpRequest& request) {
    return core_->answer(request);
}

Health& Endpoint::health() {
    return core_->health();
}

bool Endpoint::loading() const {
    return core_->loading();
}

bool Endpoint::busy() const {
    return core_->busy();
}

bool Endpoint::computes_at_once() const {
    return core_->computes_at_once();
}

void Endpoint::watch() {
    core_->watch();
}

}  // namespace tundish
