#include "tundish/sagemaker/serve_environment.hpp"

#include <map>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/base/error.hpp"

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

using Variables = std::map<std::string, std::string>;

Environment with(const Variables& variables) {
    return [variables](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
}

ServeOptions read(const Variables& variables) {
    ServeOptions options;
    read_serve_environment(with(variables), options);
    return options;
}

std::string problems_of(const Variables& variables) {
    return message_of<ConfigError>([&] { read(variables); });
}

}  // namespace

TEST_CASE("without variables the defaults stay, and are good") {
    const ServeOptions options = read({});
    CHECK(options.port == 8080);
    CHECK(options.default_reply == ReplyType::json);
    CHECK_FALSE(options.batch_transform);
    CHECK_FALSE(options.batch_strategy);
    CHECK(options.http.largest_body > 104'857'600);
    CHECK(options.request_time < 60s);
    CHECK(options.http.idle_time >= 75s);
    CHECK(options.problems().empty());
}

TEST_CASE("each variable does what the platform or the toolkits say") {
    CHECK(read({{"SAGEMAKER_BIND_TO_PORT", "9001"}}).port == 9001);
    CHECK(read({{"SAGEMAKER_BIND_TO_PORT", " 9001 "}}).port == 9001);
    CHECK(read({{"SAGEMAKER_SAFE_PORT_RANGE", "8081-9000"}}).port == 8080);
    CHECK_NOTHROW(read({{"SAGEMAKER_MULTI_MODEL", "false"}}));
    CHECK(read({{"SAGEMAKER_MODEL_SERVER_WORKERS", "3"}}).workers == 3);
    CHECK(read({{"SAGEMAKER_TS_MAX_WORKERS", "4"}}).workers == 4);
    CHECK(read({{"SAGEMAKER_MODEL_SERVER_TIMEOUT", "20"}}).request_time == 20s);
    CHECK(read({{"SAGEMAKER_TS_RESPONSE_TIMEOUT", "30"}}).request_time == 30s);
    CHECK(read({{"SAGEMAKER_TS_BATCH_SIZE", "16"}}).largest_batch == 16);
    CHECK(read({{"SAGEMAKER_TS_MAX_BATCH_DELAY", "5"}}).batch_delay == 5ms);
    CHECK(read({{"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "8"}}).max_concurrent_transforms == 8);
    CHECK(read({{"SAGEMAKER_MAX_PAYLOAD_IN_MB", "0"}}).max_payload_mb == 0);
    CHECK(read({{"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv"}}).default_reply == ReplyType::csv);
    CHECK(read({{"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/x-npy"}}).default_reply == ReplyType::npy);
    CHECK(read({{"TUNDISH_BATCH_ERRORS", "placeholder"}}).placeholder_for_bad_lines);
    CHECK(read({{"TUNDISH_SERVE_PRECISION", "bf16"}}).arithmetic == Arithmetic::bf16);
    CHECK(read({}).arithmetic == Arithmetic::automatic);
    CHECK_FALSE(read({{"TUNDISH_BATCH_ERRORS", "fail"}}).placeholder_for_bad_lines);
}

TEST_CASE("variables that change nothing are noted") {
    CHECK(read({{"SAGEMAKER_TS_MAX_WORKERS", "4"}}).notes.empty());
    const auto notes = read({{"SAGEMAKER_STARTUP_TIMEOUT", "600"}, {"SAGEMAKER_TS_MIN_WORKERS", "1"}}).notes;
    CHECK(notes == std::vector<std::string>{"variable SAGEMAKER_STARTUP_TIMEOUT is accepted and has no effect",
                                            "variable SAGEMAKER_TS_MIN_WORKERS is accepted and has no effect"});
}

TEST_CASE("a request has the platform's 600 s in batch transform, unless something else is said") {
    CHECK(read({{"SAGEMAKER_BATCH", "true"}}).request_time == 590s);
    CHECK(read({{"SAGEMAKER_BATCH", "false"}}).request_time == 55s);
    CHECK(read({{"SAGEMAKER_BATCH", "true"}, {"SAGEMAKER_MODEL_SERVER_TIMEOUT", "20"}}).request_time == 20s);
    CHECK(read({{"SAGEMAKER_TS_RESPONSE_TIMEOUT", "700"}, {"SAGEMAKER_BATCH", "true"}}).request_time == 700s);
}

TEST_CASE("SAGEMAKER_BATCH is true in any case, and nothing else") {
    for (const char* value : {"true", "True", "TRUE", " true "})
        CHECK(read({{"SAGEMAKER_BATCH", value}}).batch_transform);
    for (const char* value : {"", "false", "False", "1", "yes"}) {
        CHECK_FALSE(read({{"SAGEMAKER_BATCH", value}}).batch_transform);
    }
}

TEST_CASE("the batch strategy comes back in capitals however it is spelt") {
    for (const char* value : {"SINGLE_RECORD", "SingleRecord", "single_record"}) {
        CHECK(read({{"SAGEMAKER_BATCH_STRATEGY", value}}).batch_strategy == "SINGLE_RECORD");
    }
    for (const char* value : {"MULTI_RECORD", "MultiRecord"}) {
        CHECK(read({{"SAGEMAKER_BATCH_STRATEGY", value}}).batch_strategy == "MULTI_RECORD");
    }
}

TEST_CASE("an empty variable is one that is not set") {
    for (const char* name :
         {"SAGEMAKER_BIND_TO_PORT", "SAGEMAKER_SAFE_PORT_RANGE", "SAGEMAKER_MODEL_SERVER_WORKERS",
          "SAGEMAKER_BATCH_STRATEGY", "TUNDISH_BATCH_ERRORS", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"}) {
        INFO(name);
        CHECK_NOTHROW(read({{name, ""}}));
        CHECK_NOTHROW(read({{name, "  "}}));
    }
}

TEST_CASE("what cannot be used is refused with its name and value") {
    const std::vector<std::pair<std::string, std::vector<std::string>>> table{
        {"SAGEMAKER_BIND_TO_PORT", {"0", "65536", "http", "80.5", "-1", "8080x"}},
        {"SAGEMAKER_SAFE_PORT_RANGE", {"8080", "9000-8081", "0-10", "1-70000", "a-b", "1-2-3", "-"}},
        {"SAGEMAKER_MULTI_MODEL", {"true", "True", "1"}},
        {"SAGEMAKER_MODEL_SERVER_WORKERS", {"0", "-1", "two", "99999"}},
        {"SAGEMAKER_MODEL_SERVER_TIMEOUT", {"0", "3601"}},
        {"SAGEMAKER_TS_BATCH_SIZE", {"0", "4097"}},
        {"SAGEMAKER_TS_MAX_BATCH_DELAY", {"-1", "10001"}},
        {"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", {"0"}},
        {"SAGEMAKER_MAX_PAYLOAD_IN_MB", {"101", "-1"}},
        {"SAGEMAKER_BATCH_STRATEGY", {"both"}},
        {"TUNDISH_BATCH_ERRORS", {"ignore"}},
        {"TUNDISH_SERVE_PRECISION", {"int8", "bf-16"}},
        {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", {"image/png"}}};
    for (const auto& [name, values] : table) {
        for (const auto& value : values) {
            CHECK(lacks(problems_of({{name, value}}), {name + " is '" + value + "', expected "}).empty());
        }
    }
}

TEST_CASE("all that is wrong is said at once") {
    const std::string message = problems_of(
        {{"SAGEMAKER_BIND_TO_PORT", "x"}, {"SAGEMAKER_TS_BATCH_SIZE", "y"}, {"SAGEMAKER_BATCH_STRATEGY", "z"}});
    CHECK(lacks(message, {"SAGEMAKER_BIND_TO_PORT", "SAGEMAKER_TS_BATCH_SIZE", "SAGEMAKER_BATCH_STRATEGY"}).empty());
}

TEST_CASE("the log level is Python's number or a name; info when it is neither") {
    const auto level = [](const char* value) {
        return serve_log_level(with({{"SAGEMAKER_CONTAINER_LOG_LEVEL", value}}));
    };
    CHECK(serve_log_level(with({})) == LogLevel::info);
    for (const char* value : {"20", "info", "INFO", "", "loud"}) CHECK(level(value) == LogLevel::info);
    for (const char* value : {"10", "debug"}) CHECK(level(value) == LogLevel::debug);
    for (const char* value : {"30", "WARNING", "warn"}) CHECK(level(value) == LogLevel::warning);
    for (const char* value : {"40", "50", "Critical"}) CHECK(level(value) == LogLevel::error);
}
