#pragma once

#include <string>
#include <vector>

#include "tundish/train/checkpoint.hpp"
#include "tundish/train/epoch_report.hpp"
#include "tundish/train/options.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// Why training should end after the epochs in `history`, as a sentence for the log; empty: go on. Knows
/// `target_accuracy` (single view: test-time augmentation is measured once, at the end) and `early_stopping`: no
/// relative improvement of validation accuracy above the tolerance in the last `early_stopping_patience` epochs, but
/// not before `early_stopping_min_epochs`.
std::string reason_to_stop(const TrainOptions& options, const std::vector<EpochReport>& history);

/// A rule has ended the job of a loaded checkpoint, and the rules of `options` would not: it has been given more.
bool may_go_on(const TrainingState& state, const TrainOptions& options);

/// Lets a job go on that may_go_on(): as if that end had not been, so that the weights become those of a job without
/// it.
void reopen(TrainingState& state, const TrainOptions& options, const Recipe& recipe);

}  // namespace tundish
