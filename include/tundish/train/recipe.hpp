#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tundish/train/options.hpp"

namespace tundish {

/// The options of a job with every open choice decided. Defaults come from the model's published recipe and, where it
/// has none, from the built-in Image Classification algorithm or from torch.optim.
struct Recipe {
    OptimizerKind optimizer = OptimizerKind::sgd;
    double epochs = 0.0;
    std::int64_t batch_size = 0;  ///< over all ranks
    double learning_rate = 0.0;
    double momentum = 0.0;
    double weight_decay = 0.0;
    double eps = 1e-8;
    ScheduleKind schedule = ScheduleKind::constant;
    double label_smoothing = 0.0;
    bool sum_loss = false;  ///< gradients of the sum over the batch instead of the mean, as airbench has them
    bool test_time_augmentation = false;
    bool flip = false;
    int crop_padding = 0;
    int cutout = 0;
    double color_jitter = 0.0;

    std::int64_t steps_per_epoch = 0;
    std::int64_t total_steps = 0;  ///< round(epochs x steps_per_epoch), at least 1
};

/// The model that `wanted` names; for "auto" airbench, and lenet where images are grey.
std::string choose_model(const std::string& wanted, const ImageShape& input);

/// Decides what the options left open, for a train set of `samples` samples that `hosts` work on. With
/// scale_learning_rate the learning rate grows as the job's batch does (Goyal et al., arXiv 1706.02677): over the
/// recipe's own batch, or, where the rate is given, over batch_size_per_host.
Recipe make_recipe(const TrainOptions& options, std::int64_t samples, int hosts = 1);

/// What `recipe` makes impossible, in sentences for people: settings that only the model's defaults or the images
/// contradict. Empty when the job can be trained.
std::vector<std::string> problems_with(const TrainOptions& options, const Recipe& recipe, const ImageShape& images);

/// The settings and data facts that a resumed job must share with its checkpoint, by name. `arithmetic`: what
/// precision=auto came to (device.hpp), as the results depend on it.
std::map<std::string, std::string> resume_settings(const TrainOptions& options, const Recipe& recipe,
                                                   const std::string& arithmetic);

/// Sentences on what is allowed but hardly meant: rules and settings that never apply, a handful of updates in all.
std::vector<std::string> doubts_about(const TrainOptions& options, const Recipe& recipe, bool validates);

/// One line for the log: "airbench, muon, 8 epochs of 25 steps, batch 2000, …".
std::string describe_recipe(const TrainOptions& options, const Recipe& recipe);

}  // namespace tundish
