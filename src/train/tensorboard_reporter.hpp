#pragma once

#include <filesystem>

#include "best_confusion.hpp"
#include "event_file.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {

/// Scalars per epoch, at the optimizer step that ended it, and at the end the two plots as images. `resumed_step` > 0:
/// what an earlier run wrote into the folder after that step is no longer shown.
class TensorboardReporter : public Reporter {
  public:
    TensorboardReporter(const std::filesystem::path& folder, std::vector<std::string> class_names,
                        std::int64_t resumed_step);

    void on_epoch(const EpochReport& report) override;
    void on_end(const std::vector<EpochReport>& history) override;

  private:
    std::vector<std::string> class_names_;
    BestConfusion confusion_;
    EventFile file_;
};

}  // namespace tundish
