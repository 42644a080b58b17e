#include "forward.hpp"

#include <ATen/ATen.h>

#include <span>
#include <stdexcept>
#include <tuple>

#include "cpu_functions.hpp"

namespace tundish {
namespace {

// A whitening layer subtracts nearly equal numbers: in bfloat16 it costs accuracy, and it is 1 % of the work.
at::ScalarType compute_of(const Conv2d& op, const ForwardMode& mode) {
    return op.whitening ? at::kFloat : mode.compute;
}

at::Tensor convolve(const Layer& layer, const Conv2d& op, const at::Tensor& x, const Network& network,
                    const ForwardMode& mode) {
    const auto compute = compute_of(op, mode);
    const at::Tensor weight = network.at(layer.name + ".weight").to(compute);
    if (!mode.reference && compute == at::kFloat && can_convolve_fast(op, x)) return convolve_fast(x, weight);
    std::optional<at::Tensor> bias;
    if (op.bias) bias = network.at(layer.name + ".bias").to(compute);
    return at::conv2d(x.to(compute), weight, bias, op.stride, op.padding);
}

at::Tensor normalise_batch(const Layer& layer, const BatchNorm2d& op, const at::Tensor& x, const Network& network,
                           const ForwardMode& mode) {
    return at::batch_norm(x, network.at(layer.name + ".weight"), network.at(layer.name + ".bias"),
                          network.at(layer.name + ".running_mean"), network.at(layer.name + ".running_var"),
                          mode.training, op.momentum, op.eps, /*cudnn_enabled=*/true);
}

at::Tensor pool(const MaxPool2d& op, const at::Tensor& x, const ForwardMode& mode) {
    if (!mode.reference && can_pool_fast(op, x)) return pool_fast(x);
    return at::max_pool2d(x, {op.size, op.size});
}

at::Tensor activate(const Activation& op, const at::Tensor& x) {
    switch (op.kind) {
        case ActivationKind::relu:
            return at::relu(x);
        case ActivationKind::gelu:
            return at::gelu(x);
        case ActivationKind::silu:
            return at::silu(x);
        case ActivationKind::celu:
            return at::celu(x, op.alpha);
    }
    throw std::logic_error("unknown activation");
}

at::Tensor multiply(const Layer& layer, const Linear& op, const at::Tensor& x, const Network& network,
                    const ForwardMode& mode) {
    std::optional<at::Tensor> bias;
    if (op.bias) bias = network.at(layer.name + ".bias").to(mode.compute);
    return at::linear(x.to(mode.compute), network.at(layer.name + ".weight").to(mode.compute), bias);
}

// at::dropout takes no generator; drawing the mask ourselves keeps a resumed run on the same random numbers.
at::Tensor drop(const Dropout& op, const at::Tensor& x, const ForwardMode& mode) {
    if (!mode.training || op.probability <= 0.0) return x;
    if (!mode.dropout_source) throw std::logic_error("a training pass with dropout needs ForwardMode::dropout_source");
    const double keep = 1.0 - op.probability;
    return x * at::empty_like(x).bernoulli_(keep, mode.dropout_source).div_(keep);
}

at::Tensor run_layer(const Layer& layer, const at::Tensor& x, const Network& network, const ForwardMode& mode) {
    return std::visit(
        Overloaded{[&](const Conv2d& op) { return convolve(layer, op, x, network, mode); },
                   [&](const BatchNorm2d& op) { return normalise_batch(layer, op, x, network, mode); },
                   [&](const Activation& op) { return activate(op, x); },
                   [&](const MaxPool2d& op) { return pool(op, x, mode); },
                   [&](const GlobalMaxPool&) {
                       return at::amax(x, {2, 3});
                   },
                   [&](const Flatten&) { return x.flatten(1); },
                   [&](const Linear& op) { return multiply(layer, op, x, network, mode); },
                   [&](const Dropout& op) { return drop(op, x, mode); }, [&](const Scale& op) { return x * op.factor; },
                   [&](const Residual& op) {
                       return run_layers(op.body, x, network, mode) + run_layers(op.shortcut, x, network, mode);
                   }},
        layer.operation);
}

bool is_gelu(const Layer& layer) {
    const auto* activation = std::get_if<Activation>(&layer.operation);
    return activation != nullptr && activation->kind == ActivationKind::gelu;
}

// With running statistics batch norm is a factor and a bias for each channel.
at::Tensor norm_gelu_in_evaluation(const Layer& layer, const BatchNorm2d& norm, const at::Tensor& x,
                                   const Network& network) {
    const auto factor = (network.at(layer.name + ".running_var") + norm.eps).rsqrt();
    const auto bias = network.at(layer.name + ".bias") - network.at(layer.name + ".running_mean") * factor;
    return bias_gelu_fast(x * factor.view({1, -1, 1, 1}), bias);
}

// gelu(batch_norm(x)) in one pass, or nothing where our kernel does not apply.
std::optional<at::Tensor> run_norm_gelu(const Layer& layer, const at::Tensor& x, const Network& network,
                                        const ForwardMode& mode) {
    const auto* norm = std::get_if<BatchNorm2d>(&layer.operation);
    if (norm == nullptr || !can_norm_gelu_fast(*norm, x)) return std::nullopt;
    if (!mode.training) return norm_gelu_in_evaluation(layer, *norm, x, network);
    return norm_gelu_fast(*norm, x, network.at(layer.name + ".bias"), network.at(layer.name + ".running_mean"),
                          network.at(layer.name + ".running_var"));
}

// gelu(conv(x) + bias) of a convolution with bias.
std::optional<at::Tensor> run_conv_bias_gelu(const Layer& layer, const at::Tensor& x, const Network& network,
                                             const ForwardMode& mode) {
    const auto* op = std::get_if<Conv2d>(&layer.operation);
    if (op == nullptr || !op->bias || compute_of(*op, mode) != at::kFloat || x.scalar_type() != at::kFloat)
        return std::nullopt;
    const auto y = at::conv2d(x, network.at(layer.name + ".weight"), {}, op->stride, op->padding);
    const auto& bias = network.at(layer.name + ".bias");
    return can_bias_gelu_fast(y) ? bias_gelu_fast(y, bias) : at::gelu(y + bias.view({1, -1, 1, 1}));
}

// max_pool2d(conv2d(x)) without the map between them.
std::optional<at::Tensor> run_conv_pool(const Layer& layer, const Layer& next, const at::Tensor& x,
                                        const Network& network, const ForwardMode& mode) {
    const auto* op = std::get_if<Conv2d>(&layer.operation);
    const auto* pooling = std::get_if<MaxPool2d>(&next.operation);
    if (op == nullptr || pooling == nullptr || compute_of(*op, mode) != at::kFloat) return std::nullopt;
    if (!can_convolve_and_pool_fast(*op, *pooling, x)) return std::nullopt;
    return convolve_and_pool_fast(x, network.at(layer.name + ".weight"));
}

// gelu(conv(x) + bias) of a whitening layer and the convolution and pooling behind it, a few images at a time.
std::optional<at::Tensor> run_whitening(std::span<const Layer> layers, const at::Tensor& x, const Network& network,
                                        const ForwardMode& mode) {
    if (layers.size() < 4 || !is_gelu(layers[1])) return std::nullopt;
    const auto* whitening = std::get_if<Conv2d>(&layers[0].operation);
    const auto* conv = std::get_if<Conv2d>(&layers[2].operation);
    const auto* pooling = std::get_if<MaxPool2d>(&layers[3].operation);
    if (whitening == nullptr || conv == nullptr || pooling == nullptr || compute_of(*conv, mode) != at::kFloat)
        return std::nullopt;
    if (!can_whiten_fast(*whitening, *conv, *pooling, x)) return std::nullopt;
    return whiten_convolve_and_pool_fast(x, network.at(layers[0].name + ".weight"),
                                         network.at(layers[0].name + ".bias"), network.at(layers[2].name + ".weight"));
}

// Several layers run as one: their result and how many they were.
struct Joined {
    at::Tensor y;
    std::size_t layers;
};

// The first of `layers` joined with those behind it, where that saves passes over memory.
std::optional<Joined> run_joined(std::span<const Layer> layers, const at::Tensor& x, const Network& network,
                                 const ForwardMode& mode) {
    if (mode.reference || !x.is_cpu() || layers.size() < 2) return std::nullopt;
    if (auto y = run_whitening(layers, x, network, mode)) return Joined{*y, 4};
    const auto& [layer, next] = std::tie(layers[0], layers[1]);
    if (!is_gelu(next)) {
        if (auto y = run_conv_pool(layer, next, x, network, mode)) return Joined{*y, 2};
        return std::nullopt;
    }
    if (auto y = run_norm_gelu(layer, x, network, mode)) return Joined{*y, 2};
    if (auto y = run_conv_bias_gelu(layer, x, network, mode)) return Joined{*y, 2};
    return std::nullopt;
}

}  // namespace

at::Tensor run_layers(const std::vector<Layer>& layers, at::Tensor x, const Network& network, const ForwardMode& mode) {
    for (std::span<const Layer> left(layers); !left.empty();) {
        auto joined = run_joined(left, x, network, mode);
        if (!joined) joined = Joined{run_layer(left.front(), x, network, mode), 1};
        x = std::move(joined->y);
        left = left.subspan(joined->layers);
    }
    return x;
}

}  // namespace tundish
