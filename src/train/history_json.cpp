#include "tundish/train/history_json.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order of the keys as they are written here

Json to_object(const EpochReport& report) {
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
    return object;
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

}  // namespace

std::string to_json_line(const EpochReport& report) {
    return to_object(report).dump() + '\n';
}

std::optional<EpochReport> from_json_line(const std::string& line) {
    try {
        return to_report(Json::parse(line));
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::string history_to_json(const std::vector<EpochReport>& history) {
    std::string lines;
    for (const auto& report : history) lines += to_json_line(report);
    return lines;
}

std::vector<EpochReport> history_from_json(const std::string& lines) {
    std::vector<EpochReport> history;
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
        const auto report = from_json_line(line);
        if (!report) throw ArtifactError(text("the checkpoint's history is damaged in line ", history.size() + 1));
        history.push_back(*report);
    }
    return history;
}

}  // namespace tundish
