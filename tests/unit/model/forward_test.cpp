#include <functional>

#include "support/torch_catch.hpp"
#include "../src/model/cpu_functions.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/model/network.hpp"

using namespace tundish;

namespace {

struct Pass {
    at::Tensor logits;
    std::vector<std::pair<std::string, at::Tensor>> gradients;
    at::Tensor running_mean;
    at::Tensor running_var;
};

// Images that are normal already.
const Preprocess kAsTheyAre{{0, 0, 0}, {1 / 255.0, 1 / 255.0, 1 / 255.0}};

Pass train_pass(bool reference, std::int64_t batch) {
    Network network(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU);
    initialise(network, 11);
    at::manual_seed(5);
    const auto images = at::randn({batch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
    initialise_whitening(network, images, kAsTheyAre);
    ForwardMode mode;
    mode.training = true;
    mode.reference = reference;
    Pass pass;
    pass.logits = network.forward(images, mode);
    at::cross_entropy_loss(pass.logits, at::arange(batch) % 10).backward();
    for (const auto& parameter : network.parameters()) {
        if (parameter.tensor.grad().defined()) pass.gradients.emplace_back(parameter.name, parameter.tensor.grad());
    }
    pass.running_mean = network.at("group2.norm1.running_mean");
    pass.running_var = network.at("group2.norm1.running_var");
    return pass;
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / (b.norm() + 1e-12)).item<double>();
}

}  // namespace

TEST_CASE("our kernels give the outputs, gradients and running statistics of ATen's operations") {
    for (const std::int64_t batch : {2, 24}) {
        INFO("batch " << batch);
        const Pass ours = train_pass(false, batch);
        const Pass aten = train_pass(true, batch);
        CHECK(relative_difference(ours.logits.detach(), aten.logits.detach()) < 1e-3);
        REQUIRE(ours.gradients.size() == aten.gradients.size());
        for (std::size_t i = 0; i < ours.gradients.size(); ++i) {
            INFO(ours.gradients[i].first);
            CHECK(relative_difference(ours.gradients[i].second, aten.gradients[i].second) < 5e-3);
        }
        CHECK(relative_difference(ours.running_mean, aten.running_mean) < 1e-3);
        CHECK(relative_difference(ours.running_var, aten.running_var) < 1e-3);
    }
}

TEST_CASE("evaluation with our kernels gives the reference's logits") {
    Network network(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU);
    initialise(network, 11);
    const at::NoGradGuard no_grad;
    const auto images = at::randn({20, 3, 32, 32});
    initialise_whitening(network, images, kAsTheyAre);
    ForwardMode reference;
    reference.reference = true;
    CHECK(relative_difference(network.forward(images, {}), network.forward(images, reference)) < 1e-3);
}

TEST_CASE("convolution and pooling in parts give what ATen gives on the whole batch") {
    constexpr std::int64_t kImages = 430;  // more than two parts, the last one smaller
    const auto x = at::randn({kImages, 16, 9, 9}).contiguous(at::MemoryFormat::ChannelsLast);
    const auto weight = at::randn({24, 16, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
    const auto dy = at::randn({kImages, 24, 4, 4});
    const auto run = [&](const std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>& function) {
        const auto input = x.clone().requires_grad_(true);
        const auto filter = weight.clone().requires_grad_(true);
        const auto y = function(input, filter);
        (y * dy).sum().backward();
        return std::vector<at::Tensor>{y.detach(), input.grad(), filter.grad()};
    };
    REQUIRE(can_convolve_and_pool_fast({.in_channels = 16, .out_channels = 24, .kernel = 3, .stride = 1, .padding = 1},
                                       {2}, x));
    const auto ours = run(convolve_and_pool_fast);
    const auto aten = run([](const auto& input, const auto& filter) {
        return at::max_pool2d(at::conv2d(input, filter, {}, 1, 1), {2, 2});
    });
    // Where two pixels of a window are nearly equal another one may win: a rare, whole error in the gradients.
    for (std::size_t i = 0; i < 3; ++i) CHECK(relative_difference(ours[i], aten[i]) < (i == 0 ? 1e-4 : 5e-3));
    const at::NoGradGuard no_grad;
    const auto tail = convolve_and_pool_fast(x.narrow(0, 400, 30), weight);
    CHECK(relative_difference(ours[0].narrow(0, 400, 30), tail) < 1e-5);
}

TEST_CASE("whitening, convolution and pooling in parts give what ATen gives, with and without a gradient of the bias") {
    constexpr std::int64_t kImages = 230;  // two parts
    const auto images = at::randn({kImages, 3, 12, 12}).contiguous(at::MemoryFormat::ChannelsLast);
    const auto whitening = at::randn({24, 3, 2, 2});
    const auto dy = at::randn({kImages, 64, 5, 5});
    const auto run = [&](bool train_bias, const auto& function) {
        at::manual_seed(3);
        const auto filter = at::randn({64, 24, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
        const auto bias = at::randn({24}).requires_grad_(train_bias);
        const auto y = function(bias, filter);
        (y * dy).sum().backward();
        CHECK(bias.grad().defined() == train_bias);
        return std::vector<at::Tensor>{y.detach(), filter.grad(), train_bias ? bias.grad() : at::ones({1})};
    };
    REQUIRE(can_whiten_fast({.in_channels = 3, .out_channels = 24, .kernel = 2, .bias = true, .whitening = true},
                            {.in_channels = 24, .out_channels = 64, .kernel = 3, .stride = 1, .padding = 1}, {2},
                            images));
    for (const bool train_bias : {true, false}) {
        const auto ours = run(train_bias, [&](const auto& bias, const auto& filter) {
            return whiten_convolve_and_pool_fast(images, whitening, bias, filter);
        });
        const auto aten = run(train_bias, [&](const auto& bias, const auto& filter) {
            return at::max_pool2d(at::conv2d(at::gelu(at::conv2d(images, whitening, bias)), filter, {}, 1, 1), {2, 2});
        });
        for (std::size_t i = 0; i < 3; ++i) CHECK(relative_difference(ours[i], aten[i]) < (i == 0 ? 1e-4 : 5e-3));
    }
}
