#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tundish/data/sample_set.hpp"

namespace tundish {

enum class OptimizerKind { sgd, nag, adam, adamw, rmsprop, muon };
enum class ScheduleKind { constant, step, cosine, triangle, linear };
enum class Precision { automatic, fp32, fp16, bf16 };
enum class Augmentation { none, crop, crop_color };
enum class GradientCompression { none, fp16, bf16 };

/// Everything that decides how a model is trained. Fields that are absent take the recipe's value (recipe.hpp), which
/// depends on the model and the optimizer. Durations are in the unit of the name.
struct TrainOptions {
    std::string model = "auto";  ///< a name of architecture.hpp, or auto (choose_model)
    std::optional<OptimizerKind> optimizer;
    std::optional<double> epochs;            ///< may be a fraction for the airbench recipe (7.59 epochs)
    std::optional<std::int64_t> batch_size;  ///< samples per step over all ranks
    std::optional<std::int64_t>
        batch_size_per_host;              ///< instead of batch_size, as built-in Image Classification has it
    std::optional<double> learning_rate;  ///< peak, after warm-up
    bool scale_learning_rate = false;     ///< grows with the batch: recipe.hpp
    std::optional<double> momentum;
    std::optional<double> weight_decay;
    double beta_1 = 0.9;        ///< adam, adamw
    double beta_2 = 0.999;      ///< adam, adamw
    std::optional<double> eps;  ///< adam, adamw, rmsprop
    double gamma = 0.9;         ///< rmsprop: decay of the squared-gradient average
    std::optional<ScheduleKind> lr_schedule;
    std::vector<double> lr_scheduler_step;  ///< epochs at which a `step` schedule multiplies by the factor
    double lr_scheduler_factor = 0.1;
    double warmup_epochs = 0.0;             ///< linear, from 0
    std::optional<double> label_smoothing;  ///< 0..1
    std::optional<bool> test_time_augmentation;
    std::optional<Augmentation> augmentation_type;
    std::optional<bool> flip;            ///< alternating horizontal flip
    std::optional<int> crop_padding;     ///< reflect padding in pixels before the random crop
    std::optional<int> cutout;           ///< side of the square that is blanked; 0 is off
    std::optional<double> color_jitter;  ///< brightness shift and contrast factor, 0 is off
    double dropout_scale = 1.0;          ///< multiplies the model's dropout probabilities
    double target_accuracy = 0.0;        ///< stop when validation accuracy reaches it; 0 is off
    bool early_stopping = false;
    int early_stopping_min_epochs = 10;
    int early_stopping_patience = 5;
    double early_stopping_tolerance = 0.0;  ///< relative improvement that counts
    double max_train_seconds = 0.0;         ///< 0 is off; ends cleanly with the best model
    Precision precision = Precision::automatic;
    GradientCompression gradient_compression = GradientCompression::none;  ///< on the way between ranks
    std::int64_t seed = 0;
    bool deterministic = false;
    int checkpoint_frequency = 1;  ///< epochs between checkpoints
    int top_k = 0;                 ///< also report top-k accuracy; 0 is off
    bool progress = true;
    DataOptions data;

    /// Sentences on fields that contradict each other; empty when all is well. Ranges of single fields are checked
    /// where they are parsed.
    [[nodiscard]] std::vector<std::string> problems() const;
};

std::string to_text(OptimizerKind kind);
std::string to_text(ScheduleKind kind);
std::string to_text(Precision precision);
std::string to_text(GradientCompression compression);
std::string to_text(Augmentation augmentation);

}  // namespace tundish
