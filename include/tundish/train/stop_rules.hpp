#pragma once

#include <string>
#include <vector>

#include "tundish/train/epoch_report.hpp"
#include "tundish/train/options.hpp"

namespace tundish {

/// Why training should end after the epochs in `history`, as a sentence for the log; empty: go on. Knows
/// `target_accuracy` (single view: test-time augmentation is measured once, at the end) and `early_stopping`: no
/// relative improvement of validation accuracy above the tolerance in the last `early_stopping_patience` epochs, but
/// not before `early_stopping_min_epochs`.
std::string reason_to_stop(const TrainOptions& options, const std::vector<EpochReport>& history);

}  // namespace tundish
