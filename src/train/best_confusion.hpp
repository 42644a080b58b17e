#pragma once

#include "tundish/train/plot.hpp"

namespace tundish {

/// Picks, from the epochs that carry a confusion matrix, the one that belongs to the model the job leaves: that of the
/// best epoch, else the latest.
class BestConfusion {
  public:
    void see(const EpochReport& report) {
        if (!report.validation || report.validation->confusion.empty()) return;
        if (best_ && !report.best) return;
        matrix_ = report.validation->confusion;
        best_ = report.best;
    }
    /// Empty when no epoch had one.
    [[nodiscard]] const ConfusionMatrix& matrix() const { return matrix_; }

  private:
    ConfusionMatrix matrix_;
    bool best_ = false;
};

}  // namespace tundish
