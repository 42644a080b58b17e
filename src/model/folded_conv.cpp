#include "folded_conv.hpp"

#include <algorithm>
#include <cmath>

namespace tundish {
namespace {

// Batch norm with running statistics: factor * x + bias for each channel.
struct Affine {
    std::vector<double> factor, bias;
};

Affine affine_of(const Layer& layer, const BatchNorm2d& norm, const WeightsByName& weights) {
    const auto scale = weights(layer.name + ".weight"), bias = weights(layer.name + ".bias");
    const auto mean = weights(layer.name + ".running_mean"), variance = weights(layer.name + ".running_var");
    Affine affine;
    for (std::size_t c = 0; c < scale.size(); ++c) {
        affine.factor.push_back(scale[c] / std::sqrt(static_cast<double>(variance[c]) + norm.eps));
        affine.bias.push_back(bias[c] - mean[c] * affine.factor.back());
    }
    return affine;
}

// From torch's out, in, y, x to y, x, in, out.
std::vector<float> relaid(const Conv2d& conv, std::span<const float> weight, const std::vector<double>& factor) {
    const auto in = static_cast<std::size_t>(conv.in_channels),
               taps = static_cast<std::size_t>(conv.kernel * conv.kernel), out = factor.size();
    std::vector<float> to(weight.size());
    for (std::size_t o = 0; o < out; ++o) {
        for (std::size_t i = 0; i < in; ++i) {
            for (std::size_t tap = 0; tap < taps; ++tap) {
                to[(tap * in + i) * out + o] = static_cast<float>(weight[(o * in + i) * taps + tap] * factor[o]);
            }
        }
    }
    return to;
}

bool fold_norm(const Layer& layer, const WeightsByName& weights, bool pooled, Affine& total) {
    const auto* norm = std::get_if<BatchNorm2d>(&layer.operation);
    if (norm == nullptr) return true;
    const Affine affine = affine_of(layer, *norm, weights);
    if (pooled && std::any_of(affine.factor.begin(), affine.factor.end(), [](double f) { return f < 0; })) return false;
    for (std::size_t c = 0; c < affine.factor.size(); ++c) {
        total.factor[c] *= affine.factor[c];
        total.bias[c] = total.bias[c] * affine.factor[c] + affine.bias[c];
    }
    return true;
}

std::optional<Finish> finish_of(const Activation& activation) {
    if (activation.kind == ActivationKind::relu) return Finish::bias_relu;
    if (activation.kind == ActivationKind::gelu) return Finish::bias_gelu;
    return std::nullopt;
}

}  // namespace

std::optional<ConvGroup> fold_conv(std::span<const Layer> layers, const WeightsByName& weights) {
    const auto& conv = std::get<Conv2d>(layers[0].operation);
    if (conv.stride != 1) return std::nullopt;
    const auto channels = static_cast<std::size_t>(conv.out_channels);
    Affine affine{std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0)};
    if (conv.bias) {
        const auto bias = weights(layers[0].name + ".bias");
        affine.bias.assign(bias.begin(), bias.end());
    }
    ConvGroup group{.conv = conv, .weight = {}, .bias = {}, .layers = 1};
    const auto next = [&]() -> const Layer* { return group.layers < layers.size() ? &layers[group.layers] : nullptr; };
    if (const auto* layer = next(); layer != nullptr && std::holds_alternative<MaxPool2d>(layer->operation)) {
        if (std::get<MaxPool2d>(layer->operation).size != 2) return std::nullopt;
        group.pooled = true;
        ++group.layers;
    }
    if (const auto* layer = next(); layer != nullptr && std::holds_alternative<BatchNorm2d>(layer->operation)) {
        if (!fold_norm(*layer, weights, group.pooled, affine)) return std::nullopt;
        ++group.layers;
    }
    if (const auto* layer = next(); layer != nullptr && std::holds_alternative<Activation>(layer->operation)) {
        const auto finish = finish_of(std::get<Activation>(layer->operation));
        if (!finish) return std::nullopt;
        group.finish = *finish;
        ++group.layers;
    }
    group.weight = relaid(conv, weights(layers[0].name + ".weight"), affine.factor);
    group.bias.assign(affine.bias.begin(), affine.bias.end());
    return group;
}

}  // namespace tundish
