#include "sagemaker_metrics_reporter.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// Seconds since 1970 in whole milliseconds.
double now() {
    using std::chrono::milliseconds;
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<double>(std::chrono::duration_cast<milliseconds>(since_1970).count()) / 1e3;
}

}  // namespace

SagemakerMetricsReporter::SagemakerMetricsReporter(const std::filesystem::path& folder)
    : file_(folder / text(::getpid(), ".json")) {}

void SagemakerMetricsReporter::on_epoch(const EpochReport& report) {
    std::string lines;
    const auto add = [&, timestamp = now()](const char* name, double value) {
        if (!std::isfinite(value)) return;
        const nlohmann::ordered_json object{
            {"MetricName", name}, {"Value", value}, {"Timestamp", timestamp}, {"IterationNumber", report.epoch}};
        lines += object.dump() + '\n';
    };
    add("train:loss", report.train_loss);
    add("train:accuracy", report.train_accuracy);
    if (const auto& validation = report.validation) {
        add("validation:loss", validation->loss);
        add("validation:accuracy", validation->accuracy);
        if (validation->accuracy_tta) add("validation:accuracy_tta", *validation->accuracy_tta);
        if (validation->top_k_accuracy) add("validation:top_k_accuracy", *validation->top_k_accuracy);
    }
    add("train:learning_rate", report.learning_rate);
    add("train:images_per_second", report.images_per_second);
    file_.append(lines);
}

}  // namespace tundish
