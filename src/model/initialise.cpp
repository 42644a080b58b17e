#include "tundish/model/initialise.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

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

// All k x k patches as columns: (C * k * k, n * positions). Copied shift by shift, a row of a plane at a time.
at::Tensor patches_of(const at::Tensor& images, std::int64_t kernel) {
    const auto channels = images.size(1);
    const auto height = images.size(2) - kernel + 1;
    const auto width = images.size(3) - kernel + 1;
    const auto patches = at::empty({channels, kernel, kernel, images.size(0), height, width}, images.options());
    const auto planes = images.transpose(0, 1);
    for (std::int64_t y = 0; y < kernel; ++y) {
        for (std::int64_t x = 0; x < kernel; ++x)
            patches.select(1, y).select(1, x).copy_(planes.narrow(2, y, height).narrow(3, x, width));
    }
    return patches.view({channels * kernel * kernel, -1});
}

// Not centred, as the recipe has it. Each part's sum is kept and they are added in order, in double: the result does
// not depend on the number of threads. A few images at a time, since new memory is what takes time here.
at::Tensor patch_covariance(const at::Tensor& pixels, const Preprocess& preprocess, std::int64_t kernel) {
    constexpr std::int64_t kImagesAtOnce = 100;
    const auto parts = pixels.split(kImagesAtOnce);
    const auto width = pixels.size(1) * kernel * kernel;
    const auto sums = at::empty({static_cast<std::int64_t>(parts.size()), width, width}, at::kDouble);
    at::parallel_for(0, sums.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
        const at::NoGradGuard no_grad;
        for (std::int64_t i = begin; i < end; ++i) {
            const auto images = normalise(parts[static_cast<std::size_t>(i)], preprocess).contiguous();
            const auto patches = patches_of(images, kernel);
            sums[i].copy_(patches.mm(patches.t()));
        }
    });
    const auto positions = (pixels.size(2) - kernel + 1) * (pixels.size(3) - kernel + 1);
    return sums.sum(0) / static_cast<double>(pixels.size(0) * positions);
}

}  // namespace

void initialise(Network& network, std::uint64_t seed) {
    const at::NoGradGuard no_grad;
    auto generator = at::detail::createCPUGenerator(seed);
    const bool airbench = network.architecture().name == "airbench";
    for (const auto& parameter : network.parameters()) initialise_parameter(network, parameter, airbench, generator);
}

void initialise_whitening(Network& network, const at::Tensor& pixels, const Preprocess& preprocess) {
    const at::NoGradGuard no_grad;
    for (const auto& parameter : network.parameters()) {
        if (parameter.role != ParameterRole::whitening_filter) continue;
        const auto kernel = parameter.tensor.size(2);
        const auto covariance = patch_covariance(pixels.to(at::kCPU), preprocess, kernel);
        auto [values, vectors] = at::linalg_eigh(covariance);
        const auto whitened = (vectors / (values + kWhiteningEps).sqrt()).t().flip(0);
        const auto filters = whitened.reshape({-1, pixels.size(1), kernel, kernel}).to(at::kFloat);
        parameter.tensor.copy_(at::cat({filters, -filters}));
    }
}

}  // namespace tundish
