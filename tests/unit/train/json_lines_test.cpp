#include <unistd.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/catch.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"
#include "tundish/train/reporters.hpp"

using namespace tundish;
using nlohmann::json;

namespace {

EpochReport report_of(std::int64_t epoch) {
    EpochReport report;
    report.epoch = epoch;
    report.epochs = 4;
    report.step = (epoch + 1) * 10;
    report.steps_in_epoch = 10;
    report.train_loss = 2.0 - 0.1 * static_cast<double>(epoch);
    report.train_accuracy = 0.5;
    report.learning_rate = 7e-05;
    report.validation = Evaluation{};
    report.validation->loss = 1.5;
    report.validation->accuracy = 0.25;
    report.validation->samples = 100;
    return report;
}

std::vector<json> lines_of(const std::string& content) {
    std::vector<json> lines;
    std::istringstream in(content);
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
    return lines;
}

std::vector<std::int64_t> steps_of(const std::string& content) {
    std::vector<std::int64_t> steps;
    for (const auto& line : lines_of(content)) steps.push_back(line.at("step"));
    return steps;
}

// The reporter under test, behind the one that prints the metric lines.
std::unique_ptr<Reporter> only_reporter(const ReportPaths& paths, std::int64_t resumed_step = 0) {
    auto reporters = make_reporters(paths, {}, resumed_step);
    REQUIRE(reporters.size() == 2);
    return std::move(reporters[1]);
}

ReportPaths json_lines_at(std::filesystem::path path) {
    ReportPaths paths;
    paths.metrics_jsonl = std::move(path);
    return paths;
}

using Steps = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("metrics.jsonl: a line is there as soon as its epoch has ended") {
    const testing::TempFolder folder;
    const auto reporter = only_reporter(json_lines_at(folder.path() / "deep/er/metrics.jsonl"));
    EpochReport report = report_of(0);
    report.validation->accuracy_tta = 0.375;
    reporter->on_epoch(report);
    reporter->on_epoch(report_of(1));
    const auto lines = lines_of(read_file(folder.path() / "deep/er/metrics.jsonl"));
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at("epoch") == 0);
    CHECK(lines[0].at("train_loss") == 2.0);
    CHECK(lines[0].at("validation_accuracy") == 0.25);
    CHECK(lines[0].at("validation_accuracy_tta") == 0.375);
    CHECK_FALSE(lines[1].contains("validation_accuracy_tta"));
    CHECK(lines[1].at("step") == 20);
}

TEST_CASE("metrics.jsonl: a number that is none is null, no validation has no keys") {
    const testing::TempFolder folder;
    const auto reporter = only_reporter(json_lines_at(folder.path() / "metrics.jsonl"));
    EpochReport report = report_of(0);
    report.train_loss = std::numeric_limits<double>::quiet_NaN();
    report.validation.reset();
    reporter->on_epoch(report);
    const auto lines = lines_of(read_file(folder.path() / "metrics.jsonl"));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].at("train_loss").is_null());
    CHECK_FALSE(lines[0].contains("validation_loss"));
}

TEST_CASE("metrics.jsonl: a resume keeps the epochs up to its step and drops torn lines") {
    const testing::TempFolder folder;
    const auto paths = json_lines_at(folder.path() / "metrics.jsonl");
    {
        const auto first = only_reporter(paths);
        for (std::int64_t epoch = 0; epoch < 4; ++epoch) first->on_epoch(report_of(epoch));
    }
    folder.write("metrics.jsonl", read_file(folder.path() / "metrics.jsonl") + R"({"epoch": 4, "st)");
    const auto resumed = only_reporter(paths, 20);
    CHECK(steps_of(read_file(folder.path() / "metrics.jsonl")) == Steps{10, 20});
    resumed->on_epoch(report_of(2));
    CHECK(steps_of(read_file(folder.path() / "metrics.jsonl")) == Steps{10, 20, 30});
    // Nothing that was kept has changed on the way through the file.
    CHECK(lines_of(read_file(folder.path() / "metrics.jsonl"))[1].at("train_loss") == 1.9);
}

TEST_CASE("metrics.jsonl: a fresh start forgets an earlier job") {
    const testing::TempFolder folder;
    const auto paths = json_lines_at(folder.path() / "metrics.jsonl");
    only_reporter(paths)->on_epoch(report_of(0));
    only_reporter(paths)->on_epoch(report_of(1));
    CHECK(steps_of(read_file(folder.path() / "metrics.jsonl")) == Steps{20});
}

TEST_CASE("metrics.jsonl: at the end, epochs that only the checkpoint knew are put back") {
    const testing::TempFolder folder;
    const auto reporter = only_reporter(json_lines_at(folder.path() / "metrics.jsonl"), 20);
    reporter->on_epoch(report_of(2));
    reporter->on_end({report_of(0), report_of(1), report_of(2)});
    CHECK(steps_of(read_file(folder.path() / "metrics.jsonl")) == Steps{10, 20, 30});
}

TEST_CASE("SageMaker's metric file: one object per number, the epoch as iteration") {
    const testing::TempFolder folder;
    ReportPaths paths;
    paths.sagemaker_metrics_folder = folder.path() / "sagemaker";
    EpochReport report = report_of(3);
    report.train_loss = std::numeric_limits<double>::infinity();
    only_reporter(paths)->on_epoch(report);
    const auto lines = lines_of(read_file(paths.sagemaker_metrics_folder / text(::getpid(), ".json")));
    std::vector<std::string> names;
    for (const auto& line : lines) {
        CHECK(line.size() == 4);
        CHECK(line.at("IterationNumber") == 3);
        CHECK(line.at("Value").is_number());
        const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
        CHECK(std::fabs(line.at("Timestamp").get<double>() - now) < 60.0);
        names.push_back(line.at("MetricName"));
    }
    // The infinite train:loss is left out.
    CHECK(names == std::vector<std::string>{"train:accuracy", "validation:loss", "validation:accuracy",
                                            "train:learning_rate", "train:images_per_second"});
    CHECK(lines[2].at("Value") == 0.25);
}

TEST_CASE("a full disk is the machine's failure and its path is named") {
    const auto reporter = only_reporter(json_lines_at("/dev/full"));
    try {
        reporter->on_epoch(report_of(0));
        FAIL("nothing was thrown");
    } catch (const MachineError& error) {
        CHECK(std::string(error.what()).find("/dev/full") != std::string::npos);
        CHECK(std::string(error.what()).find("larger volume") != std::string::npos);
    }
}

TEST_CASE("a folder that cannot be made is the machine's failure") {
    const testing::TempFolder folder;
    folder.write("file", "");
    ReportPaths plots;
    plots.plots_folder = folder.path() / "file/below";
    CHECK_THROWS_AS(make_reporters(plots, {}, 0), MachineError);
    ReportPaths events;
    events.tensorboard_folder = folder.path() / "file/below";
    CHECK_THROWS_AS(make_reporters(events, {}, 0), MachineError);
}
