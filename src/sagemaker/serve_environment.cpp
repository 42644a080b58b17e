#include "tundish/sagemaker/serve_environment.hpp"

#include <map>
#include <optional>
#include <stdexcept>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

namespace tundish {
namespace {

// Reads variables one by one and keeps what is wrong with them.
class Reader {
  public:
    explicit Reader(const Environment& environment) : environment_(environment) {}

    [[nodiscard]] std::string text_of(const char* name) const {
        const char* value = environment_(name);
        return value == nullptr ? std::string{} : std::string(trim(value));
    }

    template <typename Store>
    void number(const char* name, int least, int most, const Store& store) {
        const std::string value = text_of(name);
        if (value.empty()) return;
        const auto found = parse_number<int>(value);
        if (!found || *found < least || *found > most) {
            complain(name, value, text("a whole number from ", least, " to ", most));
        } else {
            store(*found);
        }
    }

    void complain(const char* name, const std::string& value, const std::string& expected) {
        problems_.push_back(text(name, " is '", value.substr(0, 60), "', expected ", expected));
    }

    void finish() const {
        if (!problems_.empty()) throw ConfigError(join(problems_, "; "));
    }

  private:
    const Environment& environment_;
    std::vector<std::string> problems_;
};

bool is_port_range(const std::string& value) {
    const auto dash = value.find('-');
    if (dash == std::string::npos) return false;
    const std::string_view view = value;
    const auto first = parse_number<int>(view.substr(0, dash));
    const auto last = parse_number<int>(view.substr(dash + 1));
    return first && last && *first >= 1 && *first <= *last && *last <= 65535;
}

void read_limits(Reader& reader, ServeOptions& options) {
    reader.number("SAGEMAKER_MODEL_SERVER_WORKERS", 1, 1024, [&](int value) { options.workers = value; });
    reader.number("SAGEMAKER_TS_MAX_WORKERS", 1, 1024, [&](int value) { options.workers = value; });
    const auto seconds = [&](int value) { options.request_time = std::chrono::seconds(value); };
    reader.number("SAGEMAKER_MODEL_SERVER_TIMEOUT", 1, 3600, seconds);
    reader.number("SAGEMAKER_TS_RESPONSE_TIMEOUT", 1, 3600, seconds);
    reader.number("SAGEMAKER_TS_BATCH_SIZE", 1, 4096,
                  [&](int value) { options.largest_batch = static_cast<std::size_t>(value); });
    reader.number("SAGEMAKER_TS_MAX_BATCH_DELAY", 0, 10'000,
                  [&](int value) { options.batch_delay = std::chrono::milliseconds(value); });
}

void read_arithmetic(Reader& reader, ServeOptions& options) {
    constexpr const char* kName = "TUNDISH_SERVE_PRECISION";
    static const std::map<std::string, Arithmetic> names{{"", Arithmetic::automatic},
                                                         {"auto", Arithmetic::automatic},
                                                         {"fp32", Arithmetic::fp32},
                                                         {"bf16", Arithmetic::bf16},
                                                         {"fp16", Arithmetic::fp16}};
    const std::string value = reader.text_of(kName);
    if (const auto found = names.find(lower(value)); found != names.end())
        options.arithmetic = found->second;
    else
        reader.complain(kName, value, "auto, fp32, bf16 or fp16");
}

// What toolkits set for servers of another make: a model that loads slowly is waited for by the platform, and workers
// are threads that are there from the beginning.
void note_ignored(const Reader& reader, ServeOptions& options) {
    for (const char* name : {"SAGEMAKER_STARTUP_TIMEOUT", "SAGEMAKER_TS_MIN_WORKERS"}) {
        if (reader.text_of(name).empty()) continue;
        options.notes.push_back(text("variable ", name, " is accepted and has no effect"));
    }
}

void read_batch(Reader& reader, ServeOptions& options) {
    options.batch_transform = lower(reader.text_of("SAGEMAKER_BATCH")) == "true";
    // The platform waits for 600 s there, unless the job says otherwise.
    if (options.batch_transform) options.request_time = std::chrono::seconds(590);
    reader.number("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", 1, 1000,
                  [&](int value) { options.max_concurrent_transforms = value; });
    reader.number("SAGEMAKER_MAX_PAYLOAD_IN_MB", 0, 100, [&](int value) { options.max_payload_mb = value; });
    if (const auto strategy = reader.text_of("SAGEMAKER_BATCH_STRATEGY"); !strategy.empty()) {
        const std::string plain = lower(strategy);
        const bool single = plain == "single_record" || plain == "singlerecord";
        const bool multi = plain == "multi_record" || plain == "multirecord";
        if (!single && !multi) reader.complain("SAGEMAKER_BATCH_STRATEGY", strategy, "SINGLE_RECORD or MULTI_RECORD");
        options.batch_strategy = single ? "SINGLE_RECORD" : "MULTI_RECORD";
    }
    if (const auto errors = reader.text_of("TUNDISH_BATCH_ERRORS"); !errors.empty()) {
        options.placeholder_for_bad_lines = errors == "placeholder";
        if (errors != "placeholder" && errors != "fail") {
            reader.complain("TUNDISH_BATCH_ERRORS", errors, "'placeholder' or 'fail'");
        }
    }
}

void read_reply_type(Reader& reader, ServeOptions& options) {
    constexpr const char* kName = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT";
    const std::string value = reader.text_of(kName);
    try {
        options.default_reply = choose_reply_type(value, ReplyType::json);
    } catch (const RequestError&) {
        reader.complain(kName, value, "application/json, application/jsonlines, text/csv or application/x-npy");
    }
}

}  // namespace

void read_serve_environment(const Environment& environment, ServeOptions& options) {
    Reader reader(environment);
    const auto multi_model = reader.text_of("SAGEMAKER_MULTI_MODEL");
    if (lower(multi_model) == "true" || multi_model == "1")
        reader.complain("SAGEMAKER_MULTI_MODEL", multi_model, "false: multi-model endpoints are not built yet");
    reader.number("SAGEMAKER_BIND_TO_PORT", 1, 65535, [&](int value) { options.port = value; });
    if (const auto range = reader.text_of("SAGEMAKER_SAFE_PORT_RANGE"); !range.empty() && !is_port_range(range)) {
        reader.complain("SAGEMAKER_SAFE_PORT_RANGE", range, "two ports such as 8081-9000");
    }
    read_batch(reader, options);
    read_limits(reader, options);  // after read_batch(): what is said of the time counts
    read_arithmetic(reader, options);
    note_ignored(reader, options);
    read_reply_type(reader, options);
    reader.finish();
}

LogLevel serve_log_level(const Environment& environment) {
    const char* value = environment("SAGEMAKER_CONTAINER_LOG_LEVEL");
    const std::string level = value == nullptr ? "" : lower(trim(value));
    if (level == "10" || level == "debug") return LogLevel::debug;
    if (level == "30" || level == "warning" || level == "warn") return LogLevel::warning;
    if (level == "40" || level == "50" || level == "error" || level == "critical") return LogLevel::error;
    return LogLevel::info;
}

}  // namespace tundish
