#include "support/tiny_data.hpp"
#include "support/torch_catch.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/model/preprocess.hpp"

using namespace tundish;
using tundish::testing::tiny_samples;

namespace {

Network airbench(std::uint64_t seed) {
    Network network(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU);
    initialise(network, seed);
    return network;
}

}  // namespace

TEST_CASE("the same seed gives the same weights, another seed others") {
    CHECK(airbench(5).at("group1.conv1.weight").equal(airbench(5).at("group1.conv1.weight")));
    CHECK_FALSE(airbench(5).at("group1.conv1.weight").equal(airbench(6).at("group1.conv1.weight")));
}

TEST_CASE("airbench filters start as the identity and the head has unit deviation") {
    const at::NoGradGuard no_grad;
    const Network network = airbench(1);
    const auto& filter = network.at("group1.conv1.weight");  // 64 filters over 24 channels
    const auto image = at::rand({1, 24, 6, 6});
    const auto out = at::conv2d(image, filter, {}, 1, 1);
    CHECK(out.narrow(1, 0, 24).allclose(image, 1e-5, 1e-6));
    CHECK_FALSE(out.narrow(1, 24, 24).allclose(image, 1e-2, 1e-2));
    CHECK(network.at("head.weight").std().item<double>() == Approx(1.0).epsilon(1e-5));
}

TEST_CASE("whitened patches have the identity as covariance") {
    const at::NoGradGuard no_grad;
    Network network = airbench(1);
    const auto samples = tiny_samples(300);
    const auto preprocess = measure(samples);
    initialise_whitening(network, pixel_view(samples), preprocess);
    const auto images = normalise(pixel_view(samples), preprocess);
    const auto& filter = network.at("whiten.weight");
    CHECK_FALSE(filter.requires_grad());
    CHECK(filter.narrow(0, 0, 12).equal(-filter.narrow(0, 12, 12)));
    const auto out = at::conv2d(images, filter).narrow(1, 0, 12).permute({0, 2, 3, 1}).reshape({-1, 12});
    const auto covariance = out.t().mm(out) / out.size(0);
    // eigenvalue / (eigenvalue + 5e-4) is below one for weak directions, never above.
    CHECK(covariance.diag().max().item<double>() <= 1.001);
    CHECK(covariance.diag().min().item<double>() > 0.9);
    CHECK((covariance - covariance.diag().diag()).abs().max().item<double>() < 1e-2);
}
