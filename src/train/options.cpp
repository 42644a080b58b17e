#include "tundish/train/options.hpp"

#include "tundish/base/text.hpp"

namespace tundish {

std::vector<std::string> TrainOptions::problems() const {
    std::vector<std::string> found;
    if (batch_size && batch_size_per_host && *batch_size != *batch_size_per_host) {
        found.push_back(text("'batch_size' is ", *batch_size, ", of the whole job, and 'mini_batch_size' is ",
                             *batch_size_per_host, ", of each host: give one of them"));
    }
    if (lr_schedule == ScheduleKind::step && lr_scheduler_step.empty()) {
        found.emplace_back(
            "'lr_schedule' is step but 'lr_scheduler_step' is empty: give the epochs at which the learning rate drops, "
            "e.g. 10,20");
    }
    if (lr_schedule && lr_schedule != ScheduleKind::step && !lr_scheduler_step.empty()) {
        found.push_back(text("'lr_scheduler_step' is for 'lr_schedule' step, but that is ", to_text(*lr_schedule),
                             ": give one of them"));
    }
    if (epochs && warmup_epochs > *epochs) {
        found.push_back(text("'warmup_epochs' is ", warmup_epochs, " but 'epochs' only ", *epochs));
    }
    if (data.resize_short_side && data.image_shape) {
        const int larger = std::max(data.image_shape->height, data.image_shape->width);
        if (*data.resize_short_side < larger) {
            found.push_back(text("'resize' is ", *data.resize_short_side, ", smaller than 'image_shape' ",
                                 to_text(*data.image_shape), ": nothing would be left to crop"));
        }
    }
    if (top_k > 0 && data.num_classes > 0 && top_k > data.num_classes) {
        found.push_back(text("'top_k' is ", top_k, " but there are only ", data.num_classes, " classes"));
    }
    return found;
}

std::string to_text(OptimizerKind kind) {
    switch (kind) {
        case OptimizerKind::sgd:
            return "sgd";
        case OptimizerKind::nag:
            return "nag";
        case OptimizerKind::adam:
            return "adam";
        case OptimizerKind::adamw:
            return "adamw";
        case OptimizerKind::rmsprop:
            return "rmsprop";
        case OptimizerKind::muon:
            return "muon";
    }
    return "?";
}

std::string to_text(ScheduleKind kind) {
    switch (kind) {
        case ScheduleKind::constant:
            return "constant";
        case ScheduleKind::step:
            return "step";
        case ScheduleKind::cosine:
            return "cosine";
        case ScheduleKind::triangle:
            return "triangle";
        case ScheduleKind::linear:
            return "linear";
    }
    return "?";
}

std::string to_text(Precision precision) {
    switch (precision) {
        case Precision::automatic:
            return "auto";
        case Precision::fp32:
            return "fp32";
        case Precision::fp16:
            return "fp16";
        case Precision::bf16:
            return "bf16";
    }
    return "?";
}

std::string to_text(GradientCompression compression) {
    switch (compression) {
        case GradientCompression::none:
            return "none";
        case GradientCompression::fp16:
            return "fp16";
        case GradientCompression::bf16:
            return "bf16";
    }
    return "?";
}

std::string to_text(Augmentation augmentation) {
    switch (augmentation) {
        case Augmentation::none:
            return "none";
        case Augmentation::crop:
            return "crop";
        case Augmentation::crop_color:
            return "crop_color";
    }
    return "?";
}

}  // namespace tundish
