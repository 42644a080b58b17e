#include "cpu_functions.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "cpu_maps.hpp"

namespace tundish {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct Convolve : Function<Convolve> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& filter) {
        const auto x = channels_last(input);
        const auto weight = channels_last(filter);
        context->save_for_backward({x, weight});
        auto y = empty_map({x.size(0), weight.size(0), x.size(2), x.size(3)});
        conv3x3_forward(shape_of(x, weight.size(0)), data(x), data(weight), writable(y), at::get_num_threads());
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto& weight = saved[1];
        const auto dy = channels_last(gradients[0]);
        const auto shape = shape_of(x, weight.size(0));
        at::Tensor dx;
        at::Tensor dw;
        if (context->needs_input_grad(0)) {
            dx = empty_map(x.sizes());
            conv3x3_input_gradient(shape, data(dy), data(weight), writable(dx), at::get_num_threads());
        }
        if (context->needs_input_grad(1)) {
            dw = empty_map(weight.sizes());
            conv3x3_weight_gradient(shape, data(x), data(dy), writable(dw), at::get_num_threads());
        }
        return {dx, dw};
    }
};

struct NormGelu : Function<NormGelu> {
    static variable_list forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& bias,
                                 double eps) {
        const auto x = channels_last(input);
        auto y = empty_map(x.sizes());
        auto mean = at::empty_like(bias);
        auto variance = at::empty_like(bias);
        batch_norm_gelu_forward(shape_of_norm(x, eps), data(x), data(bias), writable(y),
                                {writable(mean), writable(variance)}, at::get_num_threads());
        context->save_for_backward({x, bias, mean, variance});
        context->saved_data["eps"] = eps;
        context->mark_non_differentiable({mean, variance});
        return {y, mean, variance};
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto& bias = saved[1];
        const auto dy = channels_last(gradients[0]);
        auto dx = empty_map(x.sizes());
        auto dbias = at::empty_like(bias);
        batch_norm_gelu_backward(shape_of_norm(x, context->saved_data["eps"].toDouble()), data(x), data(bias),
                                 {writable(saved[2]), writable(saved[3])}, data(dy), writable(dx), writable(dbias),
                                 at::get_num_threads());
        return {dx, dbias, at::Tensor()};
    }

    static BatchNormShape shape_of_norm(const at::Tensor& x, double eps) {
        return {.rows = rows_of(x), .channels = x.size(1), .epsilon = static_cast<float>(eps)};
    }
};

struct BiasGelu : Function<BiasGelu> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& bias) {
        const auto x = channels_last(input);
        auto y = empty_map(x.sizes());
        bias_gelu_forward(rows_of(x), x.size(1), data(x), data(bias), writable(y), at::get_num_threads());
        context->save_for_backward({x, bias});
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto dy = channels_last(gradients[0]);
        auto dx = empty_map(saved[0].sizes());
        auto dbias = at::empty_like(saved[1]);
        bias_gelu_backward(rows_of(dx), dx.size(1), data(saved[0]), data(saved[1]), data(dy), writable(dx),
                           writable(dbias), at::get_num_threads());
        return {dx, dbias};
    }
};

struct MaxPool : Function<MaxPool> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
        const auto x = channels_last(input);
        auto y = empty_map({x.size(0), x.size(1), x.size(2) / 2, x.size(3) / 2});
        auto winner = at::empty({y.numel()}, at::kByte);
        max_pool_forward(shape_of_pool(x.sizes()), data(x), writable(y), winner.mutable_data_ptr<std::uint8_t>(),
                         at::get_num_threads());
        context->save_for_backward({winner});
        context->saved_data["sizes"] = x.sizes().vec();
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        const auto sizes = context->saved_data["sizes"].toIntVector();
        const auto dy = channels_last(gradients[0]);
        const auto winner = context->get_saved_variables()[0];
        auto dx = empty_map(sizes);
        max_pool_backward(shape_of_pool(sizes), data(dy), winner.const_data_ptr<std::uint8_t>(), writable(dx),
                          at::get_num_threads());
        return {dx};
    }
};

}  // namespace

bool can_convolve_fast(const Conv2d& layer, const at::Tensor& x) {
    return is_float_map(x) && layer.kernel == 3 && layer.stride == 1 && layer.padding == 1 && !layer.bias &&
           conv3x3_supported(shape_of(x, layer.out_channels));
}

at::Tensor convolve_fast(const at::Tensor& x, const at::Tensor& weight) {
    return Convolve::apply(x, weight);
}

bool can_norm_gelu_fast(const BatchNorm2d& layer, const at::Tensor& x) {
    return is_float_map(x) && layer.scale_frozen && rows_of(x) > 1 && fused_elementwise_supported(x.size(1));
}

at::Tensor norm_gelu_fast(const BatchNorm2d& layer, const at::Tensor& x, const at::Tensor& bias,
                          at::Tensor running_mean, at::Tensor running_var) {
    const auto results = NormGelu::apply(x, bias, layer.eps);
    const at::NoGradGuard no_grad;
    const double rows = static_cast<double>(rows_of(x));
    running_mean.lerp_(results[1], layer.momentum);
    running_var.lerp_(results[2] * (rows / (rows - 1.0)),
                      layer.momentum);  // running variances are unbiased, batch ones are not
    return results[0];
}

bool can_bias_gelu_fast(const at::Tensor& x) {
    return is_float_map(x) && fused_elementwise_supported(x.size(1));
}

at::Tensor bias_gelu_fast(const at::Tensor& x, const at::Tensor& bias) {
    return BiasGelu::apply(x, bias);
}

bool can_pool_fast(const MaxPool2d& layer, const at::Tensor& x) {
    return is_float_map(x) && layer.size == 2 && x.size(2) >= 2 && x.size(3) >= 2 &&
           fused_elementwise_supported(x.size(1));
}

at::Tensor pool_fast(const at::Tensor& x) {
    return MaxPool::apply(x);
}

}  // namespace tundish
