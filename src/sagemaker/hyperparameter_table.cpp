#include "tundish/sagemaker/hyperparameter_table.hpp"

#include "hyperparameter_rows.hpp"
#include "tundish/base/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace tundish {
namespace {

using rows::boolean;
using rows::choice;
using rows::ignored;
using rows::integer;
using rows::number;
using rows::planned;
using rows::Row;
using T = TrainOptions;
using D = DataOptions;
using Rows = std::vector<Hyperparameter>;

constexpr double kLargestInteger = 2147483647;   // SageMaker's integer ranges; fits `int`
constexpr double kLongestTraining = 28 * 86400;  // seconds; SageMaker's own limit
constexpr double kAlmostOne = 0.999999;          // decays: 1 itself would divide by zero

Row number_list(std::string name, std::vector<double> T::*member, double lowest, double highest, std::string sentence) {
    Row made(std::move(name), ValueKind::number_list, std::move(sentence));
    made.row_.lowest = lowest;
    made.row_.highest = highest;
    rows::store_as<std::vector<double>>(made.row_, rows::at(member));
    return made;
}

Row image_shape() {
    Row made("image_shape", ValueKind::shape,
             "Channels, height and width of the network's input, for example 3,32,32. Default: the data's "
             "own size.");
    rows::store_as<ImageShape>(made.row_, rows::at(&D::image_shape));
    return made;
}

Row word(std::string name, std::string D::*member, std::string sentence) {
    Row made(std::move(name), ValueKind::word, std::move(sentence));
    rows::store_as<std::string>(made.row_, rows::at(member));
    return made;
}

Rows model_and_optimizer() {
    return {
        choice("model", &T::model,
               {{"auto", "auto"},
                {"airbench", "airbench"},
                {"resnet9", "resnet9"},
                {"keras_cnn", "keras_cnn"},
                {"lenet", "lenet"}},
               "The network; auto takes airbench for colour images and lenet for grey ones.")
            .planned({"resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnet200", "resnet20", "resnet32",
                      "resnet44", "resnet56", "resnet110"}),
        choice("optimizer", &T::optimizer,
               {{"sgd", OptimizerKind::sgd},
                {"nag", OptimizerKind::nag},
                {"adam", OptimizerKind::adam},
                {"adamw", OptimizerKind::adamw},
                {"rmsprop", OptimizerKind::rmsprop},
                {"muon", OptimizerKind::muon}},
               "How gradients become updates.")
            .tunable(),
        number("epochs", &T::epochs, 0.01, 100000, "Passes over the training data; may be a fraction.").tunable(),
        integer("batch_size", &T::batch_size, 1, 1048576, "Images per update, over all hosts.")
            .alias("batch-size")
            .tunable(),
        integer("mini_batch_size", &T::batch_size_per_host, 1, 1048576,
                "Images per update and host, as Image Classification means it; instead of batch_size. Default: none.")
            .tunable(),
        number("learning_rate", &T::learning_rate, 0, 1000, "Peak learning rate, after warm-up.")
            .alias("learning-rate")
            .tunable(),
        boolean("scale_learning_rate", &T::scale_learning_rate,
                "Multiply the learning rate by what the whole job's batch is of mini_batch_size, or, without a "
                "learning_rate, of the model's usual batch."),
        number("momentum", &T::momentum, 0, kAlmostOne, "Momentum of sgd, nag and muon.").tunable(),
        number("weight_decay", &T::weight_decay, 0, 10, "Weight decay.").tunable(),
        number("beta_1", &T::beta_1, 0, kAlmostOne, "adam, adamw: decay of the mean of the gradient.").tunable(),
        number("beta_2", &T::beta_2, 0, kAlmostOne, "adam, adamw: decay of the mean of the squared gradient.")
            .tunable(),
        number("eps", &T::eps, 1e-12, 1, "adam, adamw, rmsprop: added to the divisor.").tunable(),
        number("gamma", &T::gamma, 0, kAlmostOne, "rmsprop: decay of the mean of the squared gradient.").tunable(),
    };
}

Rows schedule_and_regularisation() {
    return {
        choice("lr_schedule", &T::lr_schedule,
               {{"constant", ScheduleKind::constant},
                {"step", ScheduleKind::step},
                {"cosine", ScheduleKind::cosine},
                {"triangle", ScheduleKind::triangle},
                {"linear", ScheduleKind::linear}},
               "How the learning rate changes during the job."),
        number_list("lr_scheduler_step", &T::lr_scheduler_step, 0, 100000,
                    "Epochs after which a step schedule multiplies the learning rate, for example 10,20. "
                    "Default: none."),
        number("lr_scheduler_factor", &T::lr_scheduler_factor, 0, 1, "What a step schedule multiplies it by.")
            .tunable(),
        number("warmup_epochs", &T::warmup_epochs, 0, 100000, "Epochs in which the learning rate rises from 0."),
        number("label_smoothing", &T::label_smoothing, 0, 1, "Share of the target spread over all classes.").tunable(),
        number("dropout_scale", &T::dropout_scale, 0, 1.5, "Multiplies the network's dropout probabilities.").tunable(),
        number("target_accuracy", &T::target_accuracy, 0, 1,
               "Stop when the validation accuracy, a fraction, reaches this; 0 is off."),
        boolean("early_stopping", &T::early_stopping, "Stop when the validation accuracy no longer improves."),
        integer("early_stopping_min_epochs", &T::early_stopping_min_epochs, 0, kLargestInteger,
                "Epochs before early stopping may act."),
        integer("early_stopping_patience", &T::early_stopping_patience, 0, kLargestInteger,
                "Epochs without improvement that early stopping waits."),
        number("early_stopping_tolerance", &T::early_stopping_tolerance, 0, 1,
               "Relative improvement that counts for early stopping."),
        number("max_train_seconds", &T::max_train_seconds, 0, kLongestTraining,
               "End with the best model after this many seconds of training; 0 is off."),
    };
}

Rows images() {
    return {
        choice("augmentation_type", &T::augmentation_type,
               {{"none", Augmentation::none}, {"crop", Augmentation::crop}, {"crop_color", Augmentation::crop_color}},
               "Random changes to training images.")
            .planned({"crop_color_transform"})
            .tunable(),
        boolean("flip", &T::flip, "Mirror training images left to right, in alternation."),
        integer("crop_padding", &T::crop_padding, 0, 1024, "Pixels of reflected border before the random crop.")
            .tunable(),
        integer("cutout", &T::cutout, 0, 1024, "Side in pixels of a square that is blanked; 0 is off.").tunable(),
        number("color_jitter", &T::color_jitter, 0, 1, "Strength of random brightness and contrast; 0 is off.")
            .tunable(),
        boolean("test_time_augmentation", &T::test_time_augmentation,
                "Evaluate with mirrored and shifted copies too; the single-view accuracy is printed beside it."),
        image_shape(),
        integer("resize", &D::resize_short_side, 1, 16384,
                "Shrink the shorter side to this many pixels, then crop the centre. Default: no."),
        integer("num_classes", &D::num_classes, 0, 1000000, "Number of classes; 0 finds it out from the data."),
        choice("data_format", &D::format,
               {{"auto", DataFormat::automatic},
                {"cifar10", DataFormat::cifar10},
                {"cifar100", DataFormat::cifar100},
                {"image_folder", DataFormat::image_folder},
                {"lst", DataFormat::lst},
                {"recordio", DataFormat::recordio},
                {"tfrecord", DataFormat::tfrecord},
                {"augmented_manifest", DataFormat::augmented_manifest},
                {"idx", DataFormat::idx}},
               "What the channels hold; auto looks at content type, files and first bytes.")
            .synonym("image_record", "recordio"),
        choice("image_layout", &D::image_layout,
               {{"auto", ImageLayout::automatic}, {"hwc", ImageLayout::hwc}, {"chw", ImageLayout::chw}},
               "Order of raw pixels in TFRecord; auto compares both readings of the first 100 images."),
        choice("recordio_multipart", &D::recordio_multipart,
               {{"dmlc", RecordIoParts::dmlc}, {"concat", RecordIoParts::concatenate}},
               "How the parts of a split RecordIO record join: with the magic number between them, or without."),
        word("image_feature", &D::image_feature, "Name of the image in TFRecord examples. Default: the usual names."),
        word("label_feature", &D::label_feature, "Name of the label in TFRecord examples. Default: the usual names."),
        choice("on_bad_record", &D::on_bad_record,
               {{"error", BadRecordPolicy::error},
                {"skip", BadRecordPolicy::skip},
                {"skip_warn", BadRecordPolicy::skip_warn}},
               "What to do with an image that cannot be decoded."),
        choice("cache", &D::cache,
               {{"auto", CacheMode::automatic}, {"memory", CacheMode::memory}, {"none", CacheMode::none}},
               "Keep decoded images in memory; none streams the train channel each epoch; auto keeps what fits."),
    };
}

Rows running() {
    return {
        choice("precision", &T::precision,
               {{"auto", Precision::automatic},
                {"fp32", Precision::fp32},
                {"fp16", Precision::fp16},
                {"bf16", Precision::bf16}},
               "Arithmetic of training; auto takes the fastest that is safe.")
            .alias("precision_dtype")
            .synonym("float32", "fp32")
            .synonym("float16", "fp16")
            .synonym("bfloat16", "bf16"),
        choice("gradient_compression", &T::gradient_compression,
               {{"none", GradientCompression::none},
                {"fp16", GradientCompression::fp16},
                {"bf16", GradientCompression::bf16}},
               "What gradients are sent as between processes; 16 bits are half the bytes."),
        integer("seed", &T::seed, 0, kLargestInteger, "Start of all random numbers."),
        boolean("deterministic", &T::deterministic,
                "Same result each time on the same machine, at some cost of speed."),
        integer("checkpoint_frequency", &T::checkpoint_frequency, 1, kLargestInteger, "Epochs between checkpoints."),
        integer("top_k", &T::top_k, 0, 1000000, "Report top-k accuracy too; 0 is off."),
        boolean("progress", &T::progress, "Log lines within long epochs."),
        choice("log_level", &JobSettings::log_level,
               {{"debug", LogLevel::debug},
                {"info", LogLevel::info},
                {"warning", LogLevel::warning},
                {"error", LogLevel::error}},
               "The least important log lines that are printed."),
        integer("shuffle_buffer", &D::shuffle_buffer, 0, 1048576,
                "MB of undecoded records that a streamed train channel is shuffled in; 0 keeps the channel's order."),
        integer("num_training_samples", &D::num_training_samples, 1, kLargestInteger,
                "Images in the train channel, those of all hosts where it is sharded: needed to stream records, else "
                "compared with what is there."),
        integer("ranks_per_host", &JobSettings::ranks_per_host, 0, 64,
                "Training processes on each host; 0 takes one for each GPU, or one without GPUs."),
    };
}

/// Names of the built-in Image Classification algorithm and of ours whose features come later.
Rows not_yet() {
    return {
        ignored("kv_store", "Image Classification's way to exchange gradients: accepted, without effect."),
        planned("num_layers", ValueKind::integer, "0", "Image Classification's choice of a ResNet: use model."),
        planned("use_pretrained_model", ValueKind::boolean, "0", "Start from trained weights."),
        planned("multi_label", ValueKind::boolean, "0", "Several classes for an image."),
        planned("use_weighted_loss", ValueKind::boolean, "0", "Weighted loss for multi_label."),
    };
}

Rows all_rows() {
    Rows all;
    for (Rows part : {model_and_optimizer(), schedule_and_regularisation(), images(), running(), not_yet()}) {
        for (auto& row : part) {
            if (row.kind == ValueKind::integer && row.support == Support::planned) row.highest = kLargestInteger;
            all.push_back(std::move(row));
        }
    }
    return all;
}

}  // namespace

const std::vector<Hyperparameter>& hyperparameter_table() {
    static const Rows table = all_rows();
    return table;
}

std::string accepted_values(const Hyperparameter& row) {
    const auto range = [&] { return text(plain_number(row.lowest), "..", plain_number(row.highest)); };
    if (row.support == Support::planned) return text("only ", row.default_text, " for now");
    switch (row.kind) {
        case ValueKind::integer:
            return text("a whole number within ", range());
        case ValueKind::number:
            return text("a number within ", range());
        case ValueKind::boolean:
            return "true or false";
        case ValueKind::choice:
            return "one of " + join(row.choices, ", ");
        case ValueKind::number_list:
            return text("numbers within ", range(), ", separated by commas");
        case ValueKind::shape:
            return "channels,height,width";
        case ValueKind::word:
            return "a text";
        case ValueKind::anything:
            return "anything";
    }
    return "";
}

std::string plain_number(double value) {
    const bool readable = value == 0.0 || (std::abs(value) >= 1e-6 && std::abs(value) < 1e15);
    std::array<char, 64> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                   readable ? std::chars_format::fixed : std::chars_format::general);
    return {digits.data(), end.ptr};
}

}  // namespace tundish
