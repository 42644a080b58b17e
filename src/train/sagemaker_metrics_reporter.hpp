#pragma once

#include <filesystem>

#include "append_file.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {

/// `<folder>/<pid>.json`, the file format of SageMaker Experiments (training-contract.md §8.2): one object per number.
/// The names are those of metric_definitions(); numbers that are not finite are left out, because SageMaker refuses
/// them.
class SagemakerMetricsReporter : public Reporter {
  public:
    explicit SagemakerMetricsReporter(const std::filesystem::path& folder);

    void on_epoch(const EpochReport& report) override;

  private:
    AppendFile file_;
};

}  // namespace tundish
