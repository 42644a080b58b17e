#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tundish {

/// The numbers of one evaluation pass. Accuracies are fractions.
struct Evaluation {
    double loss = 0.0;
    double accuracy = 0.0;
    std::optional<double> top_k_accuracy;
    std::optional<double> accuracy_tta;  ///< with test-time augmentation
    std::int64_t samples = 0;
    std::vector<std::vector<std::int64_t>> confusion;  ///< [true class][predicted class]; empty unless asked for
};

/// Everything that is known at the end of one epoch.
struct EpochReport {
    std::int64_t epoch = 0;   ///< from 0
    std::int64_t epochs = 0;  ///< planned
    std::int64_t step = 0;    ///< optimizer steps so far
    std::int64_t steps_in_epoch = 0;
    double train_loss = 0.0;      ///< mean over the epoch's samples
    double train_accuracy = 0.0;  ///< of the training batches as they were augmented
    double learning_rate = 0.0;   ///< at the epoch's last step
    double seconds = 0.0;         ///< training only, without evaluation
    double images_per_second = 0.0;
    std::optional<Evaluation> validation;
    bool best = false;  ///< the best validation accuracy so far, or equal to it: its weights are kept
};

/// The epoch whose weights became the model: the last one that was best. Null without one.
inline const EpochReport* best_epoch(const std::vector<EpochReport>& history) {
    const EpochReport* best = nullptr;
    for (const auto& report : history) {
        if (report.best) best = &report;
    }
    return best;
}

}  // namespace tundish
