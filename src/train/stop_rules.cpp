#include "tundish/train/stop_rules.hpp"

#include <algorithm>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

bool has_stalled(const TrainOptions& options, const std::vector<EpochReport>& history) {
    const auto patience = static_cast<std::size_t>(options.early_stopping_patience);
    const auto epochs = history.size();
    if (epochs < static_cast<std::size_t>(options.early_stopping_min_epochs) || epochs <= patience) return false;
    double before = 0.0;
    double recent = 0.0;
    for (std::size_t i = 0; i < epochs; ++i) {
        if (!history[i].validation) return false;
        double& best = i + patience < epochs ? before : recent;
        best = std::max(best, history[i].validation->accuracy);
    }
    return recent <= before * (1.0 + options.early_stopping_tolerance);
}

}  // namespace

std::string reason_to_stop(const TrainOptions& options, const std::vector<EpochReport>& history) {
    if (history.empty() || !history.back().validation) return {};
    const double accuracy = history.back().validation->accuracy;
    if (options.target_accuracy > 0.0 && accuracy >= options.target_accuracy) {
        return text("validation accuracy ", fixed(accuracy, 4), " reached target_accuracy ",
                    fixed(options.target_accuracy, 4));
    }
    if (options.early_stopping && has_stalled(options, history)) {
        return text("no improvement of validation accuracy in the last ", options.early_stopping_patience,
                    " epochs (early_stopping)");
    }
    return {};
}

bool may_go_on(const TrainingState& state, const TrainOptions& options) {
    if (!state.finished || !state.ended_by_rule) return false;
    const bool out_of_time = options.max_train_seconds > 0.0 && state.train_seconds >= options.max_train_seconds;
    return !out_of_time && reason_to_stop(options, state.history).empty();
}

void reopen(TrainingState& state, const TrainOptions& options, const Recipe& recipe) {
    if (!may_go_on(state, options)) return;
    state.finished = state.ended_by_rule = false;
    const auto evaluated = static_cast<std::int64_t>(state.history.size());
    if (state.step == evaluated * recipe.steps_per_epoch) return state.clear_epoch_sums();
    // Its last epoch was cut short: it is in the middle of it.
    if (state.best_epoch == state.history.back().epoch) state.best_accuracy = -1.0;
    state.history.pop_back();
}

}  // namespace tundish
