#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "cpu_functions.hpp"
#include "cpu_maps.hpp"

namespace tundish {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Images that go through all layers together. Their maps stay in a CPU's cache, or near it.
constexpr std::int64_t kImagesAtOnce = 200;

struct Part {
    std::int64_t begin;
    std::int64_t count;
};

std::vector<Part> parts_of(std::int64_t images) {
    std::vector<Part> parts;
    for (std::int64_t begin = 0; begin < images; begin += kImagesAtOnce)
        parts.push_back({begin, std::min(kImagesAtOnce, images - begin)});
    return parts;
}

// What comes before the convolution: nothing, or a whitening layer and its GELU. These cost so little that the backward
// pass computes them again; their two maps would be a quarter of all that a training step of airbench keeps.
class Stem {
  public:
    Stem(at::Tensor filter, at::Tensor bias) : filter_(std::move(filter)), bias_(std::move(bias)) {}

    // What the convolution reads of some images. With a stem it lies in memory that the next call writes to again.
    at::Tensor run(const at::Tensor& images) {
        if (!filter_.defined()) return images;
        before_gelu_ = channels_last(at::conv2d(images, filter_));
        if (!after_gelu_.defined() || after_gelu_.sizes() != before_gelu_.sizes())
            after_gelu_ = empty_map(before_gelu_.sizes());
        bias_gelu_forward(rows_of(before_gelu_), bias_.size(0), data(before_gelu_), data(bias_), writable(after_gelu_),
                          at::get_num_threads());
        return after_gelu_;
    }

    // The bias's gradient for the images of the last run(); overwrites `gradient` of what run() gave.
    [[nodiscard]] at::Tensor bias_gradient(at::Tensor& gradient) const {
        auto sums = at::empty_like(bias_);
        bias_gelu_backward(rows_of(before_gelu_), bias_.size(0), data(before_gelu_), data(bias_), data(gradient),
                           writable(gradient), writable(sums), at::get_num_threads());
        return sums;
    }

  private:
    at::Tensor filter_;
    at::Tensor bias_;
    at::Tensor before_gelu_;
    at::Tensor after_gelu_;
};

// The sizes of the map between convolution and pooling, for `images` of them.
std::vector<std::int64_t> sizes_between(const at::Tensor& x, std::int64_t images, const at::Tensor& weight) {
    return {images, weight.size(0), x.size(2), x.size(3)};
}

struct ConvolveAndPool : Function<ConvolveAndPool> {
    // `stem_filter` and `stem_bias`: absent for a convolution that reads `input` itself.
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& filter,
                              const std::optional<at::Tensor>& stem_filter,
                              const std::optional<at::Tensor>& stem_bias) {
        const auto images = channels_last(input);
        const auto weight = channels_last(filter);
        Stem stem(stem_filter.value_or(at::Tensor()), stem_bias.value_or(at::Tensor()));
        at::Tensor y;
        at::Tensor winner;
        at::Tensor between;
        for (const auto& [begin, count] : parts_of(images.size(0))) {
            const auto x = stem.run(images.narrow(0, begin, count));
            if (!y.defined()) {
                between = empty_map(sizes_between(x, count, weight));
                y = empty_map({images.size(0), weight.size(0), x.size(2) / 2, x.size(3) / 2});
                winner =
                    at::empty(y.sizes(), at::TensorOptions(at::kByte).memory_format(at::MemoryFormat::ChannelsLast));
            }
            conv3x3_forward(shape_of(x, weight.size(0)), data(x), data(weight), writable(between),
                            at::get_num_threads());
            max_pool_forward(shape_of_pool(sizes_between(x, count, weight)), data(between),
                             writable(y.narrow(0, begin, count)),
                             winner.narrow(0, begin, count).mutable_data_ptr<std::uint8_t>(), at::get_num_threads());
        }
        context->save_for_backward(
            {images, weight, winner, stem_filter.value_or(at::Tensor()), stem_bias.value_or(at::Tensor())});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto& images = saved[0];
        const auto& weight = saved[1];
        const bool has_stem = saved[3].defined();
        const auto dy = channels_last(gradients[0]);
        Stem stem(saved[3], saved[4]);
        at::Tensor between;
        at::Tensor dx = context->needs_input_grad(0) ? empty_map(images.sizes()) : at::Tensor();
        at::Tensor dw = at::zeros_like(weight);
        at::Tensor dw_part = at::empty_like(weight);
        at::Tensor dbias;
        if (has_stem && context->needs_input_grad(3)) dbias = at::zeros_like(saved[4]);
        for (const auto& [begin, count] : parts_of(images.size(0))) {
            const auto x = stem.run(images.narrow(0, begin, count));
            const auto shape = shape_of(x, weight.size(0));
            if (!between.defined()) between = empty_map(sizes_between(x, count, weight));
            max_pool_backward(shape_of_pool(sizes_between(x, count, weight)), data(dy.narrow(0, begin, count)),
                              saved[2].narrow(0, begin, count).const_data_ptr<std::uint8_t>(), writable(between),
                              at::get_num_threads());
            conv3x3_weight_gradient(shape, data(x), data(between), writable(dw_part), at::get_num_threads());
            dw.add_(dw_part);
            if (!dx.defined() && !dbias.defined()) continue;
            at::Tensor dx_part = has_stem ? empty_map(x.sizes()) : dx.narrow(0, begin, count);
            conv3x3_input_gradient(shape, data(between), data(weight), writable(dx_part), at::get_num_threads());
            if (has_stem) dbias.add_(stem.bias_gradient(dx_part));
        }
        return {dx, dw, at::Tensor(), dbias};
    }
};

}  // namespace

bool can_convolve_and_pool_fast(const Conv2d& layer, const MaxPool2d& pool, const at::Tensor& x) {
    return can_convolve_fast(layer, x) && pool.size == 2 && x.size(2) >= 2 && x.size(3) >= 2 &&
           fused_elementwise_supported(layer.out_channels);
}

at::Tensor convolve_and_pool_fast(const at::Tensor& x, const at::Tensor& weight) {
    return ConvolveAndPool::apply(x, weight, std::nullopt, std::nullopt);
}

bool can_whiten_fast(const Conv2d& whitening, const Conv2d& layer, const MaxPool2d& pool, const at::Tensor& images) {
    if (!whitening.whitening || !whitening.bias || whitening.stride != 1 || whitening.padding != 0) return false;
    if (!is_float_map(images) || images.requires_grad() || !fused_elementwise_supported(whitening.out_channels))
        return false;
    const auto shrink = whitening.kernel - 1;
    if (images.size(2) <= shrink || images.size(3) <= shrink) return false;
    const auto like = images.new_empty({1}).expand(
        {images.size(0), whitening.out_channels, images.size(2) - shrink, images.size(3) - shrink});
    return can_convolve_and_pool_fast(layer, pool, like);
}

at::Tensor whiten_convolve_and_pool_fast(const at::Tensor& images, const at::Tensor& whitening, const at::Tensor& bias,
                                         const at::Tensor& weight) {
    return ConvolveAndPool::apply(images, weight, std::optional(whitening), std::optional(bias));
}

}  // namespace tundish
