#include "tundish/train/reporters.hpp"

#include <cstdint>

#include "json_lines_reporter.hpp"
#include "plot_reporter.hpp"
#include "sagemaker_metrics_reporter.hpp"
#include "tensorboard_reporter.hpp"
#include "tundish/base/log.hpp"

namespace tundish {
namespace {

class MetricLinesReporter : public Reporter {
  public:
    void on_epoch(const EpochReport& report) override {
        for (const auto& line : metric_lines(report)) log_plain(line);
    }
};

}  // namespace

std::vector<std::unique_ptr<Reporter>> make_reporters(const ReportPaths& paths,
                                                      const std::vector<std::string>& class_names,
                                                      std::int64_t resumed_step) {
    std::vector<std::unique_ptr<Reporter>> reporters;
    reporters.push_back(std::make_unique<MetricLinesReporter>());
    std::vector<EpochReport> earlier;
    if (!paths.metrics_jsonl.empty()) {
        earlier = read_json_lines(paths.metrics_jsonl, resumed_step);
        reporters.push_back(std::make_unique<JsonLinesReporter>(paths.metrics_jsonl, resumed_step));
    }
    if (!paths.sagemaker_metrics_folder.empty()) {
        reporters.push_back(std::make_unique<SagemakerMetricsReporter>(paths.sagemaker_metrics_folder));
    }
    if (!paths.plots_folder.empty()) {
        reporters.push_back(std::make_unique<PlotReporter>(paths.plots_folder, class_names, std::move(earlier)));
    }
    if (!paths.tensorboard_folder.empty()) {
        reporters.push_back(std::make_unique<TensorboardReporter>(paths.tensorboard_folder, class_names, resumed_step));
    }
    return reporters;
}

}  // namespace tundish
