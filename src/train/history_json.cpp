#include "tundish/train/history_json.hpp"

#include <nlohmann/json.hpp>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

using nlohmann::json;

json optional_number(const std::optional<double>& value) {
    return value ? json(*value) : json(nullptr);
}

std::optional<double> to_optional(const json& value) {
    return value.is_null() ? std::nullopt : std::optional<double>(value.get<double>());
}

json to_json(const EpochReport& report) {
    json out{{"epoch", report.epoch},
             {"epochs", report.epochs},
             {"step", report.step},
             {"steps_in_epoch", report.steps_in_epoch},
             {"train_loss", report.train_loss},
             {"train_accuracy", report.train_accuracy},
             {"learning_rate", report.learning_rate},
             {"seconds", report.seconds},
             {"images_per_second", report.images_per_second},
             {"best", report.best}};
    if (report.validation) {
        out["validation"] = {{"loss", report.validation->loss},
                             {"accuracy", report.validation->accuracy},
                             {"top_k_accuracy", optional_number(report.validation->top_k_accuracy)},
                             {"accuracy_tta", optional_number(report.validation->accuracy_tta)},
                             {"samples", report.validation->samples}};
    }
    return out;
}

EpochReport from_json(const json& in) {
    EpochReport report;
    in.at("epoch").get_to(report.epoch);
    in.at("epochs").get_to(report.epochs);
    in.at("step").get_to(report.step);
    in.at("steps_in_epoch").get_to(report.steps_in_epoch);
    in.at("train_loss").get_to(report.train_loss);
    in.at("train_accuracy").get_to(report.train_accuracy);
    in.at("learning_rate").get_to(report.learning_rate);
    in.at("seconds").get_to(report.seconds);
    in.at("images_per_second").get_to(report.images_per_second);
    in.at("best").get_to(report.best);
    if (in.contains("validation")) {
        const json& found = in["validation"];
        Evaluation evaluation;
        found.at("loss").get_to(evaluation.loss);
        found.at("accuracy").get_to(evaluation.accuracy);
        evaluation.top_k_accuracy = to_optional(found.at("top_k_accuracy"));
        evaluation.accuracy_tta = to_optional(found.at("accuracy_tta"));
        found.at("samples").get_to(evaluation.samples);
        report.validation = evaluation;
    }
    return report;
}

}  // namespace

std::string history_to_json(const std::vector<EpochReport>& history) {
    json out = json::array();
    for (const auto& report : history) out.push_back(to_json(report));
    return out.dump();
}

std::vector<EpochReport> history_from_json(const std::string& text_of_json) {
    try {
        std::vector<EpochReport> history;
        for (const auto& item : json::parse(text_of_json)) history.push_back(from_json(item));
        return history;
    } catch (const json::exception& error) {
        throw ArtifactError(text("the checkpoint's history is damaged: ", error.what()));
    }
}

}  // namespace tundish
