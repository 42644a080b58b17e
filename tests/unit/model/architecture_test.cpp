#include "support/torch_catch.hpp"
#include "tundish/base/error.hpp"
#include "tundish/model/architecture.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/model/network.hpp"

using namespace tundish;

namespace {

Network seeded(const std::string& name, ImageShape shape = {3, 32, 32}, std::int64_t classes = 10) {
    Network network(make_architecture(name, shape, classes), at::kCPU);
    initialise(network, 3);
    return network;
}

}  // namespace

TEST_CASE("every architecture gives one finite logit a class") {
    for (const auto& name : architecture_names()) {
        for (const auto& shape : {ImageShape{3, 32, 32}, ImageShape{1, 28, 28}, ImageShape{3, 40, 48}}) {
            INFO(name << ' ' << to_text(shape));
            const Network network = seeded(name, shape, 7);
            const at::NoGradGuard no_grad;
            const auto logits = network.forward(at::rand({2, shape.channels, shape.height, shape.width}), {});
            REQUIRE(logits.sizes().vec() == std::vector<std::int64_t>{2, 7});
            REQUIRE(at::isfinite(logits).all().item<bool>());
        }
    }
}

TEST_CASE("parameter counts are those of the published networks") {
    CHECK(seeded("keras_cnn").parameter_count() + 2 * (2 * 32 + 2 * 64 + 2 * 128) ==
          556586);  // Keras counts running values too
    CHECK(seeded("lenet", {1, 28, 28}).parameter_count() == 61706);
    // 24x3x2x2 + 24, six 3x3 filters, six norms with frozen factors, head 2560: the recipe's 1.97 M.
    CHECK(seeded("airbench").parameter_count() ==
          288 + 24 + 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256) + 2 * 2 * (64 + 256 + 256) + 2560);
}

TEST_CASE("images that are too small are refused with the smallest size") {
    REQUIRE_THROWS_WITH(make_architecture("airbench", {3, 8, 8}, 10),
                        contains_text("at least 17x17") && contains_text("3x8x8"));
    REQUIRE_THROWS_AS(make_architecture("vgg", {3, 32, 32}, 10), ConfigError);
}

TEST_CASE("load_state names everything that does not fit and changes nothing") {
    Network network = seeded("lenet");
    const auto before = copy_to_cpu(network.state());
    auto state = copy_to_cpu(network.state());
    state[0].tensor = at::zeros({1, 2});
    state[1].name = "conv1.offset";
    REQUIRE_THROWS_WITH(network.load_state(state), contains_text("conv1.weight") && contains_text("conv1.offset") &&
                                                       contains_text("'conv1.bias' is missing"));
    for (const auto& [name, tensor] : before) REQUIRE(network.at(name).equal(tensor));
}

TEST_CASE("evaluation does not depend on the batch, training does") {
    const Network network = seeded("resnet9");
    const at::NoGradGuard no_grad;
    const auto images = at::rand({4, 3, 32, 32});
    const auto together = network.forward(images, {});
    const auto alone = network.forward(images.narrow(0, 1, 1), {});
    CHECK(together[1].allclose(alone[0], 1e-4, 1e-5));
    ForwardMode training;
    training.training = true;
    CHECK_FALSE(network.forward(images, training)[1].allclose(alone[0], 1e-4, 1e-5));
}
