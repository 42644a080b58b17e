#include "json_lines_reporter.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tundish/base/files.hpp"

namespace tundish {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order of the keys as they are written here

std::string to_line(const EpochReport& report) {
    Json object{{"epoch", report.epoch},
                {"epochs", report.epochs},
                {"step", report.step},
                {"steps_in_epoch", report.steps_in_epoch},
                {"train_loss", report.train_loss},
                {"train_accuracy", report.train_accuracy}};
    if (const auto& validation = report.validation) {
        object["validation_loss"] = validation->loss;
        object["validation_accuracy"] = validation->accuracy;
        if (validation->accuracy_tta) object["validation_accuracy_tta"] = *validation->accuracy_tta;
        if (validation->top_k_accuracy) object["validation_top_k_accuracy"] = *validation->top_k_accuracy;
        object["validation_samples"] = validation->samples;
    }
    object["learning_rate"] = report.learning_rate;
    object["seconds"] = report.seconds;
    object["images_per_second"] = report.images_per_second;
    object["best"] = report.best;
    return object.dump() + '\n';
}

double number(const Json& object, const char* key) {
    const Json& value = object.at(key);
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::optional<double> optional_number(const Json& object, const char* key) {
    if (!object.contains(key)) return std::nullopt;
    return number(object, key);
}

Evaluation to_evaluation(const Json& object) {
    Evaluation evaluation;
    evaluation.loss = number(object, "validation_loss");
    evaluation.accuracy = number(object, "validation_accuracy");
    evaluation.accuracy_tta = optional_number(object, "validation_accuracy_tta");
    evaluation.top_k_accuracy = optional_number(object, "validation_top_k_accuracy");
    evaluation.samples = object.at("validation_samples").get<std::int64_t>();
    return evaluation;
}

EpochReport to_report(const Json& object) {
    EpochReport report;
    report.epoch = object.at("epoch").get<std::int64_t>();
    report.epochs = object.at("epochs").get<std::int64_t>();
    report.step = object.at("step").get<std::int64_t>();
    report.steps_in_epoch = object.at("steps_in_epoch").get<std::int64_t>();
    report.train_loss = number(object, "train_loss");
    report.train_accuracy = number(object, "train_accuracy");
    report.learning_rate = number(object, "learning_rate");
    report.seconds = number(object, "seconds");
    report.images_per_second = number(object, "images_per_second");
    report.best = object.at("best").get<bool>();
    if (object.contains("validation_loss")) report.validation = to_evaluation(object);
    return report;
}

std::optional<EpochReport> parse_line(const std::string& line) {
    try {
        return to_report(Json::parse(line));
    } catch (const Json::exception&) {
        return std::nullopt;  // half a line, or a line that is not ours
    }
}

void rewrite(const std::filesystem::path& path, const std::vector<EpochReport>& reports) {
    std::string content;
    for (const auto& report : reports) content += to_line(report);
    write_file_atomically(path, content);
}

// Leaves the file with the epochs up to `resumed_step` and returns their number.
std::size_t start_file(const std::filesystem::path& path, std::int64_t resumed_step) {
    if (!std::filesystem::is_regular_file(path)) return 0;
    const auto kept = read_json_lines(path, resumed_step);
    rewrite(path, kept);
    return kept.size();
}

}  // namespace

std::vector<EpochReport> read_json_lines(const std::filesystem::path& path, std::int64_t last_step) {
    std::vector<EpochReport> reports;
    if (!std::filesystem::is_regular_file(path)) return reports;
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
        auto report = parse_line(line);
        if (report && report->step <= last_step) reports.push_back(std::move(*report));
    }
    return reports;
}

JsonLinesReporter::JsonLinesReporter(const std::filesystem::path& path, std::int64_t resumed_step)
    : path_(path), epochs_(start_file(path, resumed_step)), file_(path) {}

void JsonLinesReporter::on_epoch(const EpochReport& report) {
    file_.append(to_line(report));
    ++epochs_;
}

void JsonLinesReporter::on_end(const std::vector<EpochReport>& history) {
    // After a resume on a fresh volume only the checkpoint knew the earlier epochs.
    if (history.size() <= epochs_) return;
    rewrite(path_, history);
    file_ = AppendFile(path_);
    epochs_ = history.size();
}

}  // namespace tundish
