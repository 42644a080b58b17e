#include "tundish/train/recipe.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// performance.md §1.3, airbench94_muon: the learning rate is Muon's; optimizer_groups.cpp has the other groups.
Recipe airbench_recipe() {
    Recipe recipe;
    recipe.optimizer = OptimizerKind::muon;
    recipe.epochs = 8;
    recipe.batch_size = 2000;
    recipe.schedule = ScheduleKind::linear;
    recipe.label_smoothing = 0.2;
    recipe.sum_loss = true;
    recipe.test_time_augmentation = true;
    recipe.flip = true;
    recipe.crop_padding = 2;
    return recipe;
}

// Page's ResNet-9 in its mean-loss form: batch 512, peak 0.4, weight decay 5e-4, pad-4 crop, flip, 8-pixel cutout.
Recipe resnet9_recipe() {
    Recipe recipe;
    recipe.optimizer = OptimizerKind::nag;
    recipe.epochs = 24;
    recipe.batch_size = 512;
    recipe.schedule = ScheduleKind::triangle;
    recipe.flip = true;
    recipe.crop_padding = 4;
    recipe.cutout = 8;
    return recipe;
}

// The lab's Keras network and LeNet: Adam, ten epochs of batches of 128, images as they are.
Recipe plain_recipe() {
    Recipe recipe;
    recipe.optimizer = OptimizerKind::adam;
    recipe.epochs = 10;
    recipe.batch_size = 128;
    return recipe;
}

Recipe recipe_of(const std::string& model) {
    if (model == "airbench" || model == "auto") return airbench_recipe();  // auto: no data was looked at
    if (model == "resnet9") return resnet9_recipe();
    return plain_recipe();
}

struct OptimizerDefaults {
    double learning_rate;
    double momentum;
    double weight_decay;
    double eps;
};

OptimizerDefaults defaults_of(OptimizerKind optimizer, const std::string& model) {
    switch (optimizer) {
        case OptimizerKind::muon:
            return {0.24, 0.6, 4e-3, 1e-8};
        case OptimizerKind::sgd:
        case OptimizerKind::nag:
            if (model == "resnet9") return {0.4, 0.9, 5e-4, 1e-8};
            return {0.1, 0.9, 1e-4, 1e-8};  // built-in Image Classification
        case OptimizerKind::adam:
        case OptimizerKind::rmsprop:
            return {1e-3, 0.0, 0.0, 1e-8};
        case OptimizerKind::adamw:
            return {1e-3, 0.0, 1e-2, 1e-8};  // torch.optim.AdamW
    }
    return {0.1, 0.9, 1e-4, 1e-8};
}

void choose_optimizer(const TrainOptions& options, Recipe& recipe) {
    const auto asked = options.optimizer.value_or(recipe.optimizer);
    if (asked != recipe.optimizer) {
        // Another optimizer is another recipe: what was tuned for the model's own no longer holds.
        recipe.sum_loss = asked == OptimizerKind::muon;
        if (recipe.schedule == ScheduleKind::linear) recipe.schedule = ScheduleKind::cosine;
        recipe.batch_size = std::min<std::int64_t>(recipe.batch_size, 512);
    }
    recipe.optimizer = asked;
    const auto defaults = defaults_of(asked, options.model);
    recipe.learning_rate = options.learning_rate.value_or(defaults.learning_rate);
    recipe.momentum = options.momentum.value_or(defaults.momentum);
    recipe.weight_decay = options.weight_decay.value_or(defaults.weight_decay);
    recipe.eps = options.eps.value_or(defaults.eps);
    if (!options.lr_scheduler_step.empty()) recipe.schedule = ScheduleKind::step;
}

void choose_augmentation(const TrainOptions& options, Recipe& recipe) {
    if (options.augmentation_type) {
        const bool any = *options.augmentation_type != Augmentation::none;
        recipe.flip = any;
        recipe.crop_padding = any ? std::max(recipe.crop_padding, 4) : 0;
        recipe.cutout = 0;
        recipe.color_jitter = *options.augmentation_type == Augmentation::crop_color ? 0.14 : 0.0;
    }
    recipe.flip = options.flip.value_or(recipe.flip);
    recipe.crop_padding = options.crop_padding.value_or(recipe.crop_padding);
    recipe.cutout = options.cutout.value_or(recipe.cutout);
    recipe.color_jitter = options.color_jitter.value_or(recipe.color_jitter);
}

// The batch that the learning rate is meant for, as far as it can be known: the recipe's own rate is for its own batch,
// one that is given is for the batch of a host, or of the job where that is what is given.
std::int64_t meant_batch(const TrainOptions& options, const Recipe& recipe) {
    if (!options.learning_rate) return recipe.batch_size;
    return options.batch_size.value_or(options.batch_size_per_host.value_or(recipe.batch_size));
}

// The shortest text that is read as the same number.
std::string exact(double value) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), end};
}

bool has_momentum(OptimizerKind kind) {
    return kind == OptimizerKind::sgd || kind == OptimizerKind::nag || kind == OptimizerKind::muon;
}

void doubt_unused_settings(const TrainOptions& options, const Recipe& recipe, std::vector<std::string>& doubts) {
    const auto unused = [&](bool given, const char* name, const std::string& why) {
        if (given) doubts.push_back(text('\'', name, "' has no effect: ", why));
    };
    const TrainOptions defaults;
    const std::string optimizer = text("the optimizer is ", to_text(recipe.optimizer));
    unused(options.momentum && !has_momentum(recipe.optimizer), "momentum", optimizer);
    unused(options.gamma != defaults.gamma && recipe.optimizer != OptimizerKind::rmsprop, "gamma", optimizer);
    unused(options.lr_scheduler_factor != defaults.lr_scheduler_factor && recipe.schedule != ScheduleKind::step,
           "lr_scheduler_factor", text("the schedule is ", to_text(recipe.schedule)));
    unused(options.scale_learning_rate && options.learning_rate && !options.batch_size_per_host, "scale_learning_rate",
           "'learning_rate' is taken for the batch of the whole job; 'mini_batch_size' is that of a host");
    unused(options.early_stopping_patience != defaults.early_stopping_patience && !options.early_stopping,
           "early_stopping_patience", "early_stopping is off");
}

std::string doubt_few_updates(const Recipe& recipe) {
    constexpr std::int64_t kSmallBatch = 32;
    return text(
        "the weights are updated only ", recipe.total_steps, recipe.total_steps == 1 ? " time" : " times",
        " in all (epochs=", recipe.epochs, ", batch_size=", recipe.batch_size, "); a few hundred updates are usual: ",
        recipe.batch_size > 2 * kSmallBatch ? text("lower 'batch_size', such as batch_size=", kSmallBatch, ", or ")
                                            : std::string(),
        "raise 'epochs'");
}

}  // namespace

std::string choose_model(const std::string& wanted, const ImageShape& input) {
    if (wanted != "auto") return wanted;
    return input.channels == 1 ? "lenet" : "airbench";
}

Recipe make_recipe(const TrainOptions& options, std::int64_t samples, int hosts) {
    Recipe recipe = recipe_of(options.model);
    choose_optimizer(options, recipe);
    choose_augmentation(options, recipe);
    recipe.epochs = options.epochs.value_or(recipe.epochs);
    const auto usual = static_cast<double>(meant_batch(options, recipe));
    if (options.batch_size_per_host) recipe.batch_size = *options.batch_size_per_host * hosts;
    recipe.batch_size = options.batch_size.value_or(recipe.batch_size);
    if (options.scale_learning_rate) recipe.learning_rate *= static_cast<double>(recipe.batch_size) / usual;
    recipe.batch_size = std::min(recipe.batch_size, samples);
    recipe.schedule = options.lr_schedule.value_or(recipe.schedule);
    recipe.label_smoothing = options.label_smoothing.value_or(recipe.label_smoothing);
    recipe.test_time_augmentation = options.test_time_augmentation.value_or(recipe.test_time_augmentation);
    recipe.steps_per_epoch = (samples + recipe.batch_size - 1) / recipe.batch_size;
    const double steps = recipe.epochs * static_cast<double>(recipe.steps_per_epoch);
    recipe.total_steps = std::max<std::int64_t>(1, std::llround(steps));
    return recipe;
}

std::vector<std::string> problems_with(const TrainOptions& options, const Recipe& recipe, const ImageShape& images) {
    std::vector<std::string> found;
    if (options.warmup_epochs > recipe.epochs)
        found.push_back(text("'warmup_epochs' is ", options.warmup_epochs, ", but the job has only ", recipe.epochs,
                             " epochs: set 'epochs' too"));
    const int side = std::min(images.height, images.width);
    if (recipe.crop_padding >= side)
        found.push_back(text("'crop_padding' is ", recipe.crop_padding, ", but the images are ", to_text(images),
                             ": expected less than ", side));
    return found;
}

std::map<std::string, std::string> resume_settings(const TrainOptions& options, const Recipe& recipe,
                                                   const std::string& arithmetic) {
    std::vector<std::string> milestones;
    for (const double epoch : options.lr_scheduler_step) milestones.push_back(exact(epoch));
    return {{"model", options.model},
            {"optimizer", to_text(recipe.optimizer)},
            {"epochs", exact(recipe.epochs)},
            {"batch_size", text(recipe.batch_size)},
            {"learning_rate", exact(recipe.learning_rate)},
            {"momentum", exact(recipe.momentum)},
            {"weight_decay", exact(recipe.weight_decay)},
            {"beta_1", exact(options.beta_1)},
            {"beta_2", exact(options.beta_2)},
            {"eps", exact(recipe.eps)},
            {"gamma", exact(options.gamma)},
            {"lr_schedule", to_text(recipe.schedule)},
            {"lr_scheduler_step", join(milestones, ",")},
            {"lr_scheduler_factor", exact(options.lr_scheduler_factor)},
            {"warmup_epochs", exact(options.warmup_epochs)},
            {"label_smoothing", exact(recipe.label_smoothing)},
            {"flip", recipe.flip ? "true" : "false"},
            {"crop_padding", text(recipe.crop_padding)},
            {"cutout", text(recipe.cutout)},
            {"color_jitter", exact(recipe.color_jitter)},
            {"dropout_scale", exact(options.dropout_scale)},
            {"gradient_compression", to_text(options.gradient_compression)},
            {"precision", arithmetic},
            {"seed", text(options.seed)}};
}

std::vector<std::string> doubts_about(const TrainOptions& options, const Recipe& recipe, bool validates) {
    constexpr std::int64_t kFewSteps = 20;
    std::vector<std::string> doubts;
    if (!validates && (options.early_stopping || options.target_accuracy > 0.0)) {
        doubts.emplace_back(
            "early_stopping and target_accuracy do nothing: they look at the validation accuracy, and the job has no "
            "validation channel");
    }
    if (recipe.total_steps < kFewSteps) {
        doubts.push_back(doubt_few_updates(recipe));
    }
    doubt_unused_settings(options, recipe, doubts);
    return doubts;
}

std::string describe_recipe(const TrainOptions& options, const Recipe& recipe) {
    return text(options.model, ", ", to_text(recipe.optimizer), ", ", recipe.epochs,
                recipe.epochs == 1.0 ? " epoch of " : " epochs of ", recipe.steps_per_epoch,
                recipe.steps_per_epoch == 1 ? " step" : " steps", ", batch ", recipe.batch_size, ", learning rate ",
                recipe.learning_rate, ' ', to_text(recipe.schedule), ", label smoothing ", recipe.label_smoothing,
                recipe.flip ? ", flip" : "", ", crop padding ", recipe.crop_padding, ", cutout ", recipe.cutout,
                ", colour jitter ", recipe.color_jitter, ", seed ", options.seed);
}

}  // namespace tundish
