#include <cmath>
#include <functional>

#include "support/torch_catch.hpp"
#include "../src/train/newton_schulz.hpp"
#include "tundish/model/initialise.hpp"
#include "tundish/train/optimizer.hpp"

using namespace tundish;

namespace {

// Runs `steps` updates of a two-value parameter with gradients 1, 2, 3, … and -1, -2, …; returns the first value.
double run(ParameterGroup group, int steps) {
    auto parameter = at::tensor({0.5F, -0.25F}).requires_grad_(true);
    group.parameters = {{"p", ParameterRole::bias, parameter}};
    Optimizer optimizer({group});
    for (int step = 0; step < steps; ++step) {
        parameter.mutable_grad() = at::tensor({1.0F + static_cast<float>(step), -1.0F - static_cast<float>(step)});
        optimizer.step(step);
    }
    return parameter.detach()[0].item<double>();
}

// The same in plain numbers, by the formulas of torch.optim.
double reference(int steps, const std::function<double(double value, double gradient, int step)>& update) {
    double value = 0.5;
    for (int step = 0; step < steps; ++step) value = update(value, 1.0 + step, step);
    return value;
}

ParameterGroup group_of(OptimizerKind kind) {
    ParameterGroup group;
    group.kind = kind;
    group.learning_rate = 0.1;
    group.momentum = 0.9;
    group.weight_decay = 0.01;
    return group;
}

}  // namespace

TEST_CASE("sgd and nag follow torch.optim.SGD") {
    for (const bool nesterov : {false, true}) {
        double buffer = 0.0;
        const auto expected = reference(5, [&](double value, double gradient, int) {
            const double g = gradient + 0.01 * value;
            buffer = 0.9 * buffer + g;
            return value - 0.1 * (nesterov ? g + 0.9 * buffer : buffer);
        });
        CHECK(run(group_of(nesterov ? OptimizerKind::nag : OptimizerKind::sgd), 5) == Approx(expected).epsilon(1e-5));
    }
}

TEST_CASE("adam and adamw follow torch.optim") {
    for (const bool decoupled : {false, true}) {
        double mean = 0.0;
        double square = 0.0;
        const auto expected = reference(5, [&](double value, double gradient, int step) {
            const double g = decoupled ? gradient : gradient + 0.01 * value;
            mean = 0.9 * mean + 0.1 * g;
            square = 0.999 * square + 0.001 * g * g;
            const double corrected =
                mean / (1 - std::pow(0.9, step + 1)) / (std::sqrt(square / (1 - std::pow(0.999, step + 1))) + 1e-8);
            return value - 0.1 * corrected - (decoupled ? 0.1 * 0.01 * value : 0.0);
        });
        CHECK(run(group_of(decoupled ? OptimizerKind::adamw : OptimizerKind::adam), 5) ==
              Approx(expected).epsilon(1e-5));
    }
}

TEST_CASE("rmsprop follows torch.optim.RMSprop") {
    double square = 0.0;
    const auto expected = reference(5, [&](double value, double gradient, int) {
        const double g = gradient + 0.01 * value;
        square = 0.9 * square + 0.1 * g * g;
        return value - 0.1 * g / (std::sqrt(square) + 1e-8);
    });
    CHECK(run(group_of(OptimizerKind::rmsprop), 5) == Approx(expected).epsilon(1e-5));
}

TEST_CASE("orthogonalise brings singular values near one and keeps the directions") {
    const auto gradient = at::randn({16, 40});
    for (const auto& matrix : {gradient, gradient.t().contiguous()}) {
        const auto singular = std::get<1>(at::linalg_svd(orthogonalise(matrix, at::kFloat), false));
        CHECK(singular.max().item<double>() < 1.4);
        CHECK(singular.min().item<double>() > 0.1);
        CHECK((orthogonalise(matrix, at::kFloat) * matrix).sum().item<double>() > 0.0);
    }
    CHECK(orthogonalise(gradient * 1000.0, at::kFloat).allclose(orthogonalise(gradient, at::kFloat), 1e-3, 1e-4));
}

TEST_CASE("muon rescales each filter to sqrt(out_channels), then moves it along the orthogonal direction") {
    auto filter = at::randn({8, 4, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
    const auto before = filter.detach().clone();
    const auto gradient = at::randn({8, 4, 3, 3});
    filter.mutable_grad() = gradient.clone();
    ParameterGroup group = group_of(OptimizerKind::muon);
    group.weight_decay = 0.0;
    group.float32 = true;  // with AMX it would be bfloat16
    group.momentum = 0.6;
    group.parameters = {{"f", ParameterRole::filter, filter}};
    Optimizer optimizer({group});
    optimizer.step(0);
    const auto direction = orthogonalise((gradient + 0.6 * gradient).reshape({8, -1}), at::kFloat).view({8, 4, 3, 3});
    const auto expected = before * (std::sqrt(8.0) / before.norm()) - 0.1 * direction;
    CHECK(filter.detach().allclose(expected, 1e-3, 1e-4));
}

TEST_CASE("airbench has its four groups, and the whitening bias retires after three epochs") {
    Network network(make_architecture("airbench", {3, 32, 32}, 10), at::kCPU);
    const TrainOptions options;
    const Recipe recipe = make_recipe(options, 50000);
    const auto groups = make_groups(network, options, recipe);
    REQUIRE(groups.size() == 4);
    CHECK(groups[0].parameters.size() == 6);
    CHECK(groups[1].parameters.size() == 1);
    CHECK(groups[1].schedule.total_steps == 75);
    CHECK(groups[1].learning_rate * groups[1].weight_decay == Approx(4e-3));
    CHECK(groups[2].parameters.size() == 6);
    CHECK(groups[3].learning_rate == Approx(0.67));
    Optimizer optimizer(groups);
    optimizer.retire_groups(74);
    CHECK(network.at("whiten.bias").requires_grad());
    optimizer.retire_groups(75);
    CHECK_FALSE(network.at("whiten.bias").requires_grad());
    CHECK_FALSE(network.at("group1.norm1.weight").requires_grad());
}

TEST_CASE("other optimizers decay weights but neither biases nor norms") {
    Network network(make_architecture("keras_cnn", {3, 32, 32}, 10), at::kCPU);
    TrainOptions options;
    options.model = "keras_cnn";
    options.weight_decay = 0.1;
    const auto groups = make_groups(network, options, make_recipe(options, 1000));
    REQUIRE(groups.size() == 2);
    CHECK(groups[0].weight_decay == 0.1);
    CHECK(groups[1].weight_decay == 0.0);
    CHECK(groups[0].parameters.size() + groups[1].parameters.size() == network.parameters().size());
}

TEST_CASE("a state that does not fit is refused") {
    Network network(make_architecture("lenet", {1, 28, 28}, 10), at::kCPU);
    TrainOptions options;
    options.model = "lenet";
    Optimizer optimizer(make_groups(network, options, make_recipe(options, 1000)));
    auto state = optimizer.state();
    CHECK(state.size() == 2 * network.parameters().size());
    state.pop_back();
    REQUIRE_THROWS_WITH(optimizer.load_state(state), contains_text("optimizer state does not fit"));
}
