#include <functional>

#include "support/torch_catch.hpp"
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

Pass train_pass(bool reference, std::int64_t batch) {
    Network network(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU);
    initialise(network, 11);
    at::manual_seed(5);
    const auto images = at::randn({batch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
    initialise_whitening(network, images);
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
    for (const std::int64_t batch : {2, 24, 230}) {  // 230: more than one part of ConvolveAndPool
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
    initialise_whitening(network, images);
    ForwardMode reference;
    reference.reference = true;
    CHECK(relative_difference(network.forward(images, {}), network.forward(images, reference)) < 1e-3);
}
