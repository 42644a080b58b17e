#include "inference_compiler.hpp"

#include <algorithm>
#include <memory>

#include "folded_conv.hpp"

namespace tundish {
namespace {

class Compiler {
  public:
    Compiler(const Architecture& architecture, const PixelScale& scale, const WeightsByName& weights,
             std::int64_t largest_batch, Products products)
        : map_(architecture.input),
          scale_(scale),
          weights_(weights),
          largest_batch_(largest_batch),
          products_(products) {}

    bool compile(std::span<const Layer> layers) {
        while (!layers.empty()) {
            const std::size_t read = compile_first(layers);
            if (read == 0) return false;
            layers = layers.subspan(read);
        }
        return true;
    }

    std::vector<InferenceStep> take() { return std::move(steps_); }

  private:
    // How many layers became steps; 0: the first one is unknown here.
    std::size_t compile_first(std::span<const Layer> layers) {
        return std::visit(
            Overloaded{
                [&](const Conv2d&) { return convolution(layers); }, [&](const MaxPool2d& op) { return pool(op); },
                [&](const GlobalMaxPool&) { return global_pool(); },
                [&](const Linear& op) { return linear(op, layers); }, [&](const Residual& op) { return residual(op); },
                [&](const Dropout&) { return std::size_t{1}; }, [&](const auto&) { return std::size_t{0}; }},
            layers.front().operation);
    }

    std::size_t convolution(std::span<const Layer> layers) {
        const auto group = fold_conv(layers, weights_);
        if (!group || !(steps_.empty() ? first_convolution(*group) : inner_convolution(*group))) return 0;
        if (group->pooled) pool_and_finish(*group);
        return group->layers;
    }

    // The bias and the activation behind a pooling are computed after it.
    static Finish finish_now(const ConvGroup& group) { return group.pooled ? Finish::none : group.finish; }

    bool first_convolution(const ConvGroup& group) {
        const PlanarConvShape shape{
            1, map_.channels, map_.height, map_.width, group.conv.kernel, group.conv.padding, group.conv.out_channels};
        if (group.conv.out_channels % 8 != 0 || !PreparedConv3x3::runs({1, 1, 8, 8})) return false;
        if (shape.out_height() < 1 || shape.out_width() < 1) return false;
        PlanarStep step{shape, scale_.mean, {}, group.bias, finish_now(group)};
        fold_scale(group, step);
        set_map(group.conv.out_channels, shape.out_height(), shape.out_width());
        if (group.pooled) late_bias_ = step.bias;
        push(std::move(step));
        return true;
    }

    // w * (x - mean) / std + b as weights of the pixels themselves; taps side by side for each output.
    void fold_scale(const ConvGroup& group, PlanarStep& step) const {
        const auto channels = static_cast<std::size_t>(map_.channels), out = group.bias.size();
        const auto taps = static_cast<std::size_t>(group.conv.kernel * group.conv.kernel);
        step.weight.resize(channels * taps * out);
        for (std::size_t o = 0; o < out; ++o) {
            double bias = group.bias[o];
            for (std::size_t place = 0; place < channels * taps; ++place) {
                const std::size_t channel = place / taps, tap = place % taps;
                const double weight = group.weight[(tap * channels + channel) * out + o] / double{scale_.std[channel]};
                step.weight[place * out + o] = static_cast<float>(weight);
                bias -= weight * scale_.mean[channel];
            }
            step.bias[o] = static_cast<float>(bias);
        }
    }

    bool inner_convolution(const ConvGroup& group) {
        const MapShape shape{map_.height, map_.width, group.conv.in_channels, group.conv.out_channels};
        if (group.conv.kernel != 3 || group.conv.padding != 1 || !PreparedConv3x3::runs(shape, products_)) return false;
        const Finish finish = finish_now(group);
        late_bias_ = group.bias;
        set_map(group.conv.out_channels, map_.height, map_.width);
        push(ConvStep{PreparedConv3x3(shape, group.weight.data(),
                                      finish == Finish::none ? std::vector<float>{} : group.bias, finish,
                                      largest_batch_, products_)});
        return true;
    }

    void pool_and_finish(const ConvGroup& group) { push_pool(late_bias_, group.finish); }

    std::size_t pool(const MaxPool2d& op) {
        if (steps_.empty() || op.size != 2 || map_.channels % 8 != 0) return 0;
        push_pool({}, Finish::none);
        return 1;
    }

    void push_pool(std::vector<float> bias, Finish finish) {
        PoolStep step{map_.height, map_.width, map_.channels, std::move(bias), finish};
        set_map(map_.channels, map_.height / 2, map_.width / 2);
        push(std::move(step));
    }

    std::size_t global_pool() {
        if (steps_.empty()) return 0;
        GlobalPoolStep step{std::int64_t{map_.height} * map_.width, map_.channels};
        set_map(map_.channels, 1, 1);
        push(step);
        return 1;
    }

    std::size_t linear(const Linear& op, std::span<const Layer> layers) {
        if (steps_.empty() || map_.pixels() != static_cast<std::size_t>(op.in_features) ||
            map_.height * map_.width != 1)
            return 0;
        const auto* scale = layers.size() > 1 ? std::get_if<Scale>(&layers[1].operation) : nullptr;
        const double factor = scale != nullptr ? scale->factor : 1.0;
        const auto in = static_cast<std::size_t>(op.in_features), out = static_cast<std::size_t>(op.out_features);
        const auto weight = weights_(layers[0].name + ".weight");
        LinearStep step{op.in_features, op.out_features, std::vector<float>(in * out), std::vector<float>(out)};
        for (std::size_t o = 0; o < out; ++o) {
            for (std::size_t i = 0; i < in; ++i)
                step.weight[i * out + o] = static_cast<float>(weight[o * in + i] * factor);
            if (op.bias) step.bias[o] = static_cast<float>(weights_(layers[0].name + ".bias")[o] * factor);
        }
        set_map(op.out_features, 1, 1);
        push(std::move(step));
        return scale != nullptr ? 2 : 1;
    }

    std::size_t residual(const Residual& op) {
        if (steps_.empty() || !op.shortcut.empty()) return 0;
        const int held = current_;
        held_.push_back(held);
        const bool known = compile(op.body);
        held_.pop_back();
        if (!known || current_ == held) return 0;
        const auto floats = static_cast<std::int64_t>(map_.pixels());
        steps_.push_back({AddStep{held, floats}, current_, current_, floats});
        return 1;
    }

    void set_map(int channels, std::int64_t height, std::int64_t width) {
        map_ = {channels, static_cast<int>(height), static_cast<int>(width)};
    }

    // Into the first buffer that nothing still reads.
    template <typename Operation>
    void push(Operation operation) {
        int output = 0;
        while (output == current_ || std::find(held_.begin(), held_.end(), output) != held_.end()) ++output;
        steps_.push_back({std::move(operation), current_, output, static_cast<std::int64_t>(map_.pixels())});
        current_ = output;
    }

    ImageShape map_;
    const PixelScale& scale_;
    const WeightsByName& weights_;
    std::int64_t largest_batch_;
    Products products_;
    std::vector<InferenceStep> steps_;
    std::vector<float> late_bias_;
    std::vector<int> held_;
    int current_ = InferenceStep::kPixels;
};

}  // namespace

std::optional<std::vector<InferenceStep>> compile_inference(const Architecture& architecture, const PixelScale& scale,
                                                            const WeightsByName& weights, std::int64_t largest_batch,
                                                            Products products) {
    Compiler compiler(architecture, scale, weights, largest_batch, products);
    if (!compiler.compile(architecture.layers)) return std::nullopt;
    auto steps = compiler.take();
    if (steps.empty() || steps.back().floats != architecture.classes) return std::nullopt;
    return steps;
}

}  // namespace tundish
