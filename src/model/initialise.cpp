#include "tundish/model/initialise.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace tundish {
namespace {

constexpr double kWhiteningEps = 5e-4;

// Drawn on the CPU and copied, so that a GPU starts from the same values.
void fill_uniform(const at::Tensor& target, double bound, at::Generator& generator) {
    target.copy_(at::empty(target.sizes(), at::kFloat).uniform_(-bound, bound, generator));
}

std::int64_t fan_in(const at::Tensor& weight) {
    return weight.numel() / weight.size(0);
}

// Output channel i < in_channels starts as a copy of input channel i.
void set_identity(const at::Tensor& filter) {
    const auto copies = std::min(filter.size(0), filter.size(1));
    const auto centre = filter.size(2) / 2;
    auto first = filter.narrow(0, 0, copies);
    first.zero_();
    first.select(2, centre).select(2, centre).fill_diagonal_(1.0);
}

std::int64_t bias_fan_in(const Network& network, const std::string& bias_name) {
    const auto stem = bias_name.substr(0, bias_name.size() - std::string("bias").size());
    return fan_in(network.at(stem + "weight"));
}

void initialise_parameter(const Network& network, const Parameter& parameter, bool airbench, at::Generator& generator) {
    const auto& [name, role, tensor] = parameter;
    switch (role) {
        case ParameterRole::filter:
            fill_uniform(tensor, 1.0 / std::sqrt(static_cast<double>(fan_in(tensor))), generator);
            if (airbench) set_identity(tensor);
            break;
        case ParameterRole::linear_weight:
            fill_uniform(tensor, 1.0 / std::sqrt(static_cast<double>(fan_in(tensor))), generator);
            if (airbench) tensor.div_(tensor.std());
            break;
        case ParameterRole::bias:
        case ParameterRole::whitening_bias:
            fill_uniform(tensor, 1.0 / std::sqrt(static_cast<double>(bias_fan_in(network, name))), generator);
            break;
        case ParameterRole::norm_scale:
            tensor.fill_(1.0);
            break;
        case ParameterRole::norm_bias:
            tensor.zero_();
            break;
        case ParameterRole::whitening_filter:
            break;  // comes from data
    }
}

// All k x k patches as rows: (n * positions, C * k * k).
at::Tensor patches_of(const at::Tensor& images, std::int64_t kernel) {
    return images.unfold(2, kernel, 1)
        .unfold(3, kernel, 1)
        .permute({0, 2, 3, 1, 4, 5})
        .reshape({-1, images.size(1) * kernel * kernel});
}

// Not centred, as the recipe has it. In double (it is 12 x 12 for colour), and a part at a time: all patches of 5,000
// images at once would take 230 MB.
at::Tensor patch_covariance(const at::Tensor& images, std::int64_t kernel) {
    constexpr std::int64_t kImagesAtOnce = 250;
    const auto width = images.size(1) * kernel * kernel;
    auto sum = at::zeros({width, width}, at::kDouble);
    std::int64_t count = 0;
    for (const auto& part : images.split(kImagesAtOnce)) {
        const auto patches = patches_of(part, kernel);
        sum += patches.t().mm(patches).to(at::kDouble);
        count += patches.size(0);
    }
    return sum / static_cast<double>(count);
}

}  // namespace

void initialise(Network& network, std::uint64_t seed) {
    const at::NoGradGuard no_grad;
    auto generator = at::detail::createCPUGenerator(seed);
    const bool airbench = network.architecture().name == "airbench";
    for (const auto& parameter : network.parameters()) initialise_parameter(network, parameter, airbench, generator);
}

void initialise_whitening(Network& network, const at::Tensor& images) {
    const at::NoGradGuard no_grad;
    for (const auto& parameter : network.parameters()) {
        if (parameter.role != ParameterRole::whitening_filter) continue;
        const auto kernel = parameter.tensor.size(2);
        const auto covariance = patch_covariance(images.to(at::kCPU, at::kFloat), kernel);
        auto [values, vectors] = at::linalg_eigh(covariance);
        const auto whitened = (vectors / (values + kWhiteningEps).sqrt()).t().flip(0);
        const auto filters = whitened.reshape({-1, images.size(1), kernel, kernel}).to(at::kFloat);
        parameter.tensor.copy_(at::cat({filters, -filters}));
    }
}

}  // namespace tundish
