#include "tundish/model/network.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <set>

#include "forward.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {

Network::Network(Architecture architecture, at::Device device)
    : architecture_(std::move(architecture)), device_(device) {
    declare(architecture_.layers);
}

void Network::declare(const std::vector<Layer>& layers) {
    for (const auto& layer : layers) {
        std::visit(Overloaded{[&](const Conv2d& op) { declare_convolution(layer.name, op); },
                              [&](const BatchNorm2d& op) { declare_norm(layer.name, op); },
                              [&](const Linear& op) { declare_linear(layer.name, op); },
                              [&](const Residual& op) {
                                  declare(op.body);
                                  declare(op.shortcut);
                              },
                              [](const auto& /*without parameters*/) {}},
                   layer.operation);
    }
}

void Network::declare_convolution(const std::string& name, const Conv2d& convolution) {
    const auto [in, out, kernel] = std::tuple(convolution.in_channels, convolution.out_channels, convolution.kernel);
    auto weight = at::zeros({out, in, kernel, kernel}, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    const bool whitening = convolution.whitening;
    add_parameter(name + ".weight", whitening ? ParameterRole::whitening_filter : ParameterRole::filter, weight,
                  !whitening);
    if (convolution.bias) {
        add_parameter(name + ".bias", whitening ? ParameterRole::whitening_bias : ParameterRole::bias, at::zeros({out}),
                      true);
    }
}

void Network::declare_norm(const std::string& name, const BatchNorm2d& norm) {
    add_parameter(name + ".weight", ParameterRole::norm_scale, at::ones({norm.channels}), !norm.scale_frozen);
    add_parameter(name + ".bias", ParameterRole::norm_bias, at::zeros({norm.channels}), true);
    add_buffer(name + ".running_mean", at::zeros({norm.channels}));
    add_buffer(name + ".running_var", at::ones({norm.channels}));
}

void Network::declare_linear(const std::string& name, const Linear& linear) {
    add_parameter(name + ".weight", ParameterRole::linear_weight, at::zeros({linear.out_features, linear.in_features}),
                  true);
    if (linear.bias) add_parameter(name + ".bias", ParameterRole::bias, at::zeros({linear.out_features}), true);
}

void Network::add_parameter(const std::string& name, ParameterRole role, at::Tensor value, bool trained) {
    value = value.to(device_).requires_grad_(trained);
    parameters_.push_back({name, role, value});
    add_buffer(name, value);
}

void Network::add_buffer(const std::string& name, at::Tensor value) {
    order_.push_back(name);
    tensors_.emplace(name, value.to(device_));
}

at::Tensor Network::forward(const at::Tensor& images, const ForwardMode& mode) const {
    return run_layers(architecture_.layers, images, *this, mode).to(at::kFloat);
}

std::vector<NamedTensor> Network::state() const {
    std::vector<NamedTensor> state;
    state.reserve(order_.size());
    for (const auto& name : order_) state.push_back({name, tensors_.at(name)});
    return state;
}

void Network::load_state(const std::vector<NamedTensor>& state) {
    std::vector<std::string> problems;
    std::set<std::string> given;
    for (const auto& [name, tensor] : state) {
        given.insert(name);
        const auto found = tensors_.find(name);
        if (found == tensors_.end()) {
            problems.push_back(text("'", name, "' is not in the network"));
        } else if (found->second.sizes() != tensor.sizes()) {
            problems.push_back(text("'", name, "' has shape ", tensor.sizes(), ", expected ", found->second.sizes()));
        }
    }
    for (const auto& name : order_) {
        if (!given.contains(name)) problems.push_back(text("'", name, "' is missing"));
    }
    if (!problems.empty()) {
        throw ArtifactError(text("the weights do not fit model '", architecture_.name, "' with input ",
                                 to_text(architecture_.input), " and ", architecture_.classes,
                                 " classes: ", join(problems, "; ")));
    }
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : state) tensors_.at(name).copy_(tensor);
}

std::int64_t Network::parameter_count() const {
    std::int64_t count = 0;
    for (const auto& parameter : parameters_) count += parameter.tensor.numel();
    return count;
}

std::vector<NamedTensor> copy_to_cpu(const std::vector<NamedTensor>& state) {
    std::vector<NamedTensor> copy;
    copy.reserve(state.size());
    for (const auto& [name, tensor] : state) {
        copy.push_back(
            {name, tensor.detach().to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true)});
    }
    return copy;
}

}  // namespace tundish
