#pragma once

#include <filesystem>

#include "best_confusion.hpp"
#include "tundish/train/reporters.hpp"

namespace tundish {

/// `training_curves.png` and `confusion_matrix.png` in a folder. Drawn at the end, and on the way after each epoch that
/// ends ten seconds or more of training after the last drawing, so that drawing never costs a fast job time that shows.
class PlotReporter : public Reporter {
  public:
    /// `earlier`: the epochs before a resume, as far as they are known at the start.
    PlotReporter(std::filesystem::path folder, std::vector<std::string> class_names, std::vector<EpochReport> earlier);

    void on_epoch(const EpochReport& report) override;
    void on_end(const std::vector<EpochReport>& history) override;

  private:
    void draw(const std::vector<EpochReport>& history) const;

    std::filesystem::path folder_;
    std::vector<std::string> class_names_;
    std::vector<EpochReport> history_;  // without confusion matrices
    BestConfusion confusion_;
    double seconds_since_drawing_ = 0.0;
};

}  // namespace tundish
