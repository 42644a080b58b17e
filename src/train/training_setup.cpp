#include "training_setup.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "training_state_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/architecture.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/train/trainer.hpp"

namespace tundish {
namespace {

at::ScalarType dtype_of(Precision precision, const at::Device& device) {
    switch (precision) {
        case Precision::automatic:
            return automatic_precision(device);
        case Precision::fp32:
            return at::kFloat;
        case Precision::fp16:
            return at::kHalf;
        case Precision::bf16:
            return at::kBFloat16;
    }
    return at::kFloat;
}

}  // namespace

at::ScalarType choose_compute(Precision precision, const at::Device& device) {
    const auto compute = dtype_of(precision, device);
    if (compute == at::kHalf && device.is_cpu()) {
        throw ConfigError(
            "precision 'fp16' needs a CUDA GPU, and this machine has none that tundish can use. Take 'auto', 'fp32' or "
            "'bf16'.");
    }
    return compute;
}

void announce(const TrainOptions& options, const Recipe& recipe, const Network& network, at::ScalarType compute,
              bool validates) {
    const at::Device device = network.device();
    log_info(text("device: ", describe_device(device), "; arithmetic ", name_of(compute)));
    log_info(describe_recipe(options, recipe));
    if (const auto why = why_no_gpu(); !why.empty()) log_warning(why);
    if (compute == at::kBFloat16 && !bfloat16_pays(device)) {
        log_warning(text("precision bf16 on ", describe_device(device),
                         " is emulated and slower than fp32; 'auto' would take fp32"));
    }
    for (const auto& warning : doubts_about(options, recipe, validates)) log_warning(warning);
    log_info(text(network.parameter_count(), " parameters, ", network.architecture().classes, " classes, images ",
                  to_text(network.architecture().input)));
}

void refuse_the_impossible(const TrainOptions& options) {
    std::vector<std::string> problems;
    const auto check = [&](const auto& action) {
        try {
            action();
        } catch (const ConfigError& error) {
            problems.emplace_back(error.what());
        }
    };
    check([&] { static_cast<void>(choose_compute(options.precision, choose_device())); });
    if (const auto& shape = options.data.image_shape)
        check([&] { static_cast<void>(make_architecture(choose_model(options.model, *shape), *shape, 2)); });
    if (!problems.empty()) throw ConfigError(text("hyperparameters: ", join(problems, " ")));
}

// A sum of finite weights is finite too, and costs one look at each.
bool all_finite(const std::vector<NamedTensor>& tensors) {
    return std::all_of(tensors.begin(), tensors.end(), [](const NamedTensor& tensor) {
        return !tensor.tensor.is_floating_point() || std::isfinite(tensor.tensor.sum().item<double>());
    });
}

at::Tensor pixels_to_verify(const TrainingData& data) {
    constexpr std::int64_t kImages = 64;
    const auto& samples = data.validation && data.validation->size() > 0 ? *data.validation : data.train;
    const ImageShape& shape = samples.shape;
    if (samples.size() == 0)
        return at::zeros({1, shape.channels, shape.height, shape.width}, at::TensorOptions(at::kByte));
    return pixel_view(samples).narrow(0, 0, std::min(kImages, samples.size()));
}

std::optional<at::ScalarType> wire_dtype_of(GradientCompression compression) {
    switch (compression) {
        case GradientCompression::none:
            return std::nullopt;
        case GradientCompression::fp16:
            return at::kHalf;
        case GradientCompression::bf16:
            return at::kBFloat16;
    }
    return std::nullopt;
}

int hosts_of(const Communicator& communicator) {
    return communicator.size() / communicator.ranks_per_host();
}

Network make_network(const TrainOptions& options, const SampleSet& train, const at::Tensor& pixels,
                     const Preprocess& preprocess, const at::Device& device) {
    const auto classes = static_cast<std::int64_t>(train.class_names.size());
    Network network(make_architecture(options.model, train.shape, classes, options.dropout_scale), device);
    initialise(network, static_cast<std::uint64_t>(options.seed));
    initialise_whitening(network, pixels, preprocess);
    return network;
}

at::Tensor upload(const at::Tensor& host, const at::Device& device) {
    return device.is_cuda() ? host.pin_memory().to(device, /*non_blocking=*/true) : host;
}

AugmentationOptions augmentation_of(const Recipe& recipe) {
    return {.flip = recipe.flip,
            .crop_padding = recipe.crop_padding,
            .cutout = recipe.cutout,
            .color_jitter = recipe.color_jitter};
}

ModelConfig config_of(const Network& network, const SampleSet& train, const DataOptions& data,
                      const Preprocess& preprocess, at::ScalarType compute) {
    ModelConfig config;
    config.architecture = network.architecture().name;
    config.classes = network.architecture().classes;
    config.input = network.architecture().input;
    config.resize_short_side = data.resize_short_side;
    config.class_names = train.class_names;
    config.preprocess = preprocess;
    config.precision = name_of(compute);
    return config;
}

std::optional<TrainingState> share_checkpoint(std::optional<TrainingState> found, Communicator& communicator) {
    if (communicator.size() == 1) return found;
    const std::string bytes = found ? to_checkpoint_bytes(*found) : std::string();
    const auto length = at::full({1}, static_cast<std::int64_t>(bytes.size()), at::TensorOptions(at::kLong));
    communicator.broadcast({length});
    if (length.item<std::int64_t>() == 0) return std::nullopt;
    const auto content = at::empty({length.item<std::int64_t>()}, at::TensorOptions(at::kByte));
    if (communicator.rank() == 0) std::memcpy(content.mutable_data_ptr(), bytes.data(), bytes.size());
    communicator.broadcast({content});
    if (communicator.rank() == 0) return found;
    return from_checkpoint_bytes(
        {static_cast<const char*>(content.const_data_ptr()), static_cast<std::size_t>(content.numel())},
        "rank 0's checkpoint");
}

void average_statistics(const Network& network, std::int64_t samples, Communicator& communicator) {
    if (communicator.size() == 1) return;
    const at::NoGradGuard no_grad;
    const auto all = at::full({1}, samples, at::TensorOptions(at::kLong));
    communicator.all_reduce_sum({all});
    if (all.item<std::int64_t>() == 0) return;
    const double weight = static_cast<double>(samples) / static_cast<double>(all.item<std::int64_t>());
    std::vector<at::Tensor> statistics;
    for (const auto& [name, tensor] : network.state()) {
        if (name.ends_with("running_mean") || name.ends_with("running_var")) statistics.push_back(tensor.mul_(weight));
    }
    communicator.all_reduce_sum(statistics);
}

}  // namespace tundish
