#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tundish/train/epoch_report.hpp"

namespace tundish {

/// Receives each epoch's numbers. Rank 0 only. An implementation that cannot write throws MachineError.
class Reporter {
  public:
    Reporter() = default;
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;
    virtual ~Reporter() = default;

    virtual void on_epoch(const EpochReport& report) = 0;
    /// After the last epoch. `history` holds all epochs of the job, those before a resume included.
    virtual void on_end(const std::vector<EpochReport>& /*history*/) {}
};

/// Where the reports go; an empty path switches that output off.
struct ReportPaths {
    std::filesystem::path metrics_jsonl;  ///< DIR/output/data/<host>/metrics.jsonl
    std::filesystem::path tensorboard_folder;
    std::filesystem::path sagemaker_metrics_folder;  ///< DIR/output/metrics/sagemaker
    std::filesystem::path plots_folder;              ///< DIR/output/data/<host>
};

/// The lines that published metric regexes match, on stdout: one Keras line, two Image Classification lines, one
/// `key=value;` line (training-contract.md §8.1, design.md §10).
std::vector<std::string> metric_lines(const EpochReport& report);

/// One MetricDefinition of SageMaker: name and a regex with one capture group. Each matches exactly one line an epoch.
struct MetricDefinition {
    std::string name;
    std::string regex;
};
std::vector<MetricDefinition> metric_definitions();

/// All reporters for a job: metric lines, metrics.jsonl, TensorBoard events, SageMaker's metric file, and at the end
/// the training curves and the confusion matrix as PNG. `resumed_step` > 0: metrics.jsonl keeps the lines up to that
/// step only.
std::vector<std::unique_ptr<Reporter>> make_reporters(const ReportPaths& paths,
                                                      const std::vector<std::string>& class_names,
                                                      std::int64_t resumed_step);

}  // namespace tundish
