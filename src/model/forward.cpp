#include "forward.hpp"

#include <ATen/ATen.h>

#include <stdexcept>

namespace tundish {
namespace {

// A whitening layer subtracts nearly equal numbers: in bfloat16 it costs accuracy, and it is 1 % of the work.
at::Tensor convolve(const Layer& layer, const Conv2d& op, const at::Tensor& x, const Network& network, const ForwardMode& mode) {
    const auto compute = op.whitening ? at::kFloat : mode.compute;
    const at::Tensor weight = network.at(layer.name + ".weight").to(compute);
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

at::Tensor activate(const Activation& op, const at::Tensor& x) {
    switch (op.kind) {
        case ActivationKind::relu: return at::relu(x);
        case ActivationKind::gelu: return at::gelu(x);
        case ActivationKind::silu: return at::silu(x);
        case ActivationKind::celu: return at::celu(x, op.alpha);
    }
    throw std::logic_error("unknown activation");
}

at::Tensor multiply(const Layer& layer, const Linear& op, const at::Tensor& x, const Network& network, const ForwardMode& mode) {
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
                   [&](const MaxPool2d& op) { return at::max_pool2d(x, {op.size, op.size}); },
                   [&](const GlobalMaxPool&) { return at::amax(x, {2, 3}); },
                   [&](const Flatten&) { return x.flatten(1); },
                   [&](const Linear& op) { return multiply(layer, op, x, network, mode); },
                   [&](const Dropout& op) { return drop(op, x, mode); },
                   [&](const Scale& op) { return x * op.factor; },
                   [&](const Residual& op) {
                       return run_layers(op.body, x, network, mode) + run_layers(op.shortcut, x, network, mode);
                   }},
        layer.operation);
}

}  // namespace

at::Tensor run_layers(const std::vector<Layer>& layers, at::Tensor x, const Network& network, const ForwardMode& mode) {
    for (const auto& layer : layers) x = run_layer(layer, x, network, mode);
    return x;
}

}  // namespace tundish
