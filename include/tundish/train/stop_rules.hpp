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

/// Whether a job that a rule ended before its last epoch would be ended by the rules of `options` too. False: it has
/// been given more, and goes on. `train_seconds`: spent in training steps (TrainingState).
bool still_ends_early(const TrainOptions& options, const std::vector<EpochReport>& history, double train_seconds);

/// Lets the job of a loaded checkpoint go on where a rule has ended it before its last step and today's rules would
/// not: as if that end had not been, so that the weights become those of a job without it.
void reopen(TrainingState& state, const TrainOptions& options, const Recipe& recipe);

}  // namespace tundish
