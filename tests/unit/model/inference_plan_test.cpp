#include "support/torch_catch.hpp"

#include <ATen/ATen.h>

#include <array>

#include "tundish/model/inference_plan.hpp"
#include "tundish/model/network.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace tundish {
namespace {

// A network whose every value is random, running statistics of batch norm included.
Network random_network(const std::string& name, const ImageShape& input) {
    Network network(make_architecture(name, input, 10), at::kCPU);
    auto state = network.state();
    for (auto& [key, tensor] : state) {
        const bool variance = key.ends_with("running_var");
        const bool weight = tensor.dim() > 1;
        const double size = weight ? 1.5 / std::sqrt(static_cast<double>(tensor[0].numel())) : 0.3;
        tensor = variance ? at::rand_like(tensor) + 0.5 : at::randn_like(tensor) * size;
        // A frozen scale stays 1; others may be negative.
        if (key.ends_with(".weight") && tensor.dim() == 1 && name == "airbench") tensor.fill_(1);
    }
    network.load_state(state);
    return network;
}

struct Compiled {
    Network network;
    std::optional<InferencePlan> plan;
};

const PixelScale kScale{{120.0F, 110.0F, 100.0F}, {60.0F, 70.0F, 80.0F}};

Compiled compile(const std::string& name, const ImageShape& input, Products products = Products::fp32) {
    Network network = random_network(name, input);
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [key, tensor] : network.state()) tensors.emplace(key, tensor.contiguous());
    const auto weights = [&](const std::string& key) -> std::span<const float> {
        const auto& tensor = tensors.at(key);
        return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
    };
    auto plan = InferencePlan::compile(network.architecture(), kScale, weights, 50, products);
    return {std::move(network), std::move(plan)};
}

at::Tensor run_plan(const InferencePlan& plan, const at::Tensor& pixels, int threads) {
    InferencePlan::Workspace workspace;
    auto logits = at::empty({pixels.size(0), 10});
    plan.run(pixels.const_data_ptr<float>(), pixels.size(0), logits.mutable_data_ptr<float>(), threads, workspace);
    return logits;
}

at::Tensor run_reference(const Network& network, const at::Tensor& pixels) {
    const auto mean = at::tensor(kScale.mean).view({1, 3, 1, 1}), std = at::tensor(kScale.std).view({1, 3, 1, 1});
    ForwardMode mode;
    mode.reference = true;
    return network.forward(((pixels - mean) / std).contiguous(at::MemoryFormat::ChannelsLast), mode);
}

}  // namespace

TEST_CASE("a plan computes what the network computes, for every batch size and size of image") {
    const c10::InferenceMode inference;
    const auto name = GENERATE(std::string("airbench"), std::string("resnet9"));
    const auto side = GENERATE(32, 40);
    at::manual_seed(3);
    const auto [network, plan] = compile(name, {3, side, side + 1});
    REQUIRE(plan);
    for (const std::int64_t batch : {1, 2, 7, 8}) {
        const auto pixels = at::rand({batch, 3, side, side + 1}) * 255;
        const auto expected = run_reference(network, pixels);
        const double size = expected.abs().max().item<double>();
        for (const int threads : {1, 2}) {
            const auto found = run_plan(*plan, pixels, threads);
            INFO(name << ", batch " << batch << ", " << threads << " threads");
            CHECK((found - expected).abs().max().item<double>() < 2e-3 * size);
        }
    }
}

TEST_CASE("a plan in bfloat16 computes nearly what the network computes") {
    if (!PreparedConv3x3::runs({1, 1, 16, 16}, Products::bf16)) SKIP_TEST("no AMX");
    const c10::InferenceMode inference;
    const auto name = GENERATE(std::string("airbench"), std::string("resnet9"));
    at::manual_seed(3);
    const auto [network, plan] = compile(name, {3, 32, 33}, Products::bf16);
    REQUIRE(plan);
    for (const std::int64_t batch : {50, 8, 1, 7}) {  // in parts; what a larger batch leaves in memory must not matter
        const auto pixels = at::rand({batch, 3, 32, 33}) * 255;
        const auto expected = run_reference(network, pixels);
        const auto found = run_plan(*plan, pixels, 1);
        INFO(name << ", batch " << batch);
        CHECK((found - expected).abs().max().item<double>() < 3e-2 * expected.abs().max().item<double>());
        CHECK(at::equal(found, run_plan(*plan, pixels, 2)));
    }
}

TEST_CASE("an architecture with a layer that the plan does not know has no plan") {
    const auto name = GENERATE(std::string("lenet"), std::string("keras_cnn"));
    CHECK_FALSE(compile(name, {3, 32, 32}).plan);
}

namespace {

constexpr std::array kAlgorithms{PreparedConv3x3::kDirect, 3, 4, 5, 7};

// Compares every algorithm with a convolution in double precision.
void check_convolution(std::int64_t height, std::int64_t width, Finish finish) {
    const auto weight = at::randn({40, 64, 3, 3}) / 24, bias = at::randn({40});
    const auto relaid = weight.permute({2, 3, 1, 0}).contiguous();
    const std::vector<float> bias_values(bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + 40);
    const PreparedConv3x3 conv({height, width, 64, 40}, relaid.const_data_ptr<float>(), bias_values, finish,
                               {kAlgorithms.begin(), kAlgorithms.end()});
    const auto input = at::randn({3, 64, height, width});
    auto expected = at::conv2d(input.to(at::kDouble), weight.to(at::kDouble), {}, 1, 1);
    if (finish != Finish::none) expected = expected + bias.to(at::kDouble).view({1, 40, 1, 1});
    if (finish == Finish::bias_relu) expected = at::relu(expected);
    if (finish == Finish::bias_gelu) expected = at::gelu(expected);
    const auto maps = input.permute({0, 2, 3, 1}).contiguous();
    for (const int algorithm : kAlgorithms) {
        for (const int threads : {1, 2}) {
            auto output = at::empty({3, height, width, 40});
            conv.run_as(algorithm, 3, maps.const_data_ptr<float>(), output.mutable_data_ptr<float>(), threads);
            const auto difference = (output.permute({0, 3, 1, 2}).to(at::kDouble) - expected).abs().max();
            INFO(height << "x" << width << ", algorithm " << algorithm << ", " << threads << " threads");
            CHECK(difference.item<double>() < 1e-3);
        }
    }
}

}  // namespace

TEST_CASE("every algorithm of a prepared convolution gives the convolution") {
    const c10::InferenceMode inference;
    at::manual_seed(5);
    for (const auto finish : {Finish::none, Finish::bias, Finish::bias_relu, Finish::bias_gelu}) {
        for (const auto& [height, width] : std::vector<std::pair<int, int>>{{1, 1}, {3, 3}, {4, 4}, {5, 9}, {7, 14}}) {
            check_convolution(height, width, finish);
        }
    }
}

TEST_CASE("a convolution on AMX's tiles is that of its operands in bfloat16") {
    if (!PreparedConv3x3::runs({1, 1, 16, 16}, Products::bf16)) SKIP_TEST("no AMX");
    const c10::InferenceMode inference;
    at::manual_seed(5);
    struct Size {
        std::int64_t batch, height, width, in, out;
    };
    for (const auto& [batch, height, width, in, out] :
         {Size{1, 1, 1, 8, 16}, Size{3, 3, 3, 40, 48}, Size{2, 4, 5, 32, 32}, Size{1, 15, 15, 64, 80},
          Size{5, 7, 14, 256, 16}, Size{9, 31, 31, 24, 64}}) {
        const auto weight = at::randn({out, in, 3, 3}) / 24, bias = at::randn({out});
        const auto relaid = weight.permute({2, 3, 1, 0}).contiguous();
        const std::vector<float> bias_values(bias.const_data_ptr<float>(), bias.const_data_ptr<float>() + out);
        const auto input = at::randn({batch, in, height, width});
        const auto rounded = [](const at::Tensor& tensor) { return tensor.to(at::kBFloat16).to(at::kDouble); };
        const auto expected = at::relu(at::conv2d(rounded(input), rounded(weight), bias.to(at::kDouble), 1, 1));
        const auto maps = input.permute({0, 2, 3, 1}).contiguous();
        const PreparedConv3x3 conv({height, width, in, out}, relaid.const_data_ptr<float>(), bias_values,
                                   Finish::bias_relu, 64, Products::bf16);
        for (const int threads : {1, 2, 3}) {
            auto output = at::empty({batch, height, width, out});
            conv.run(batch, maps.const_data_ptr<float>(), output.mutable_data_ptr<float>(), threads);
            const auto difference = (output.permute({0, 3, 1, 2}).to(at::kDouble) - expected).abs().max();
            INFO(batch << " x " << height << "x" << width << ", " << in << " -> " << out << ", " << threads);
            CHECK(difference.item<double>() < 1e-4);
        }
    }
    CHECK_FALSE(PreparedConv3x3::runs({3, 3, 16, 24}, Products::bf16));
}

TEST_CASE("a lone small map is computed directly, a large batch by tiles") {
    const MapShape shape{3, 3, 256, 256};
    const std::vector<float> weight(256 * 9 * 256, 0.0F);
    const PreparedConv3x3 conv(shape, weight.data(), {}, Finish::none, 64);
    CHECK(conv.algorithm_for(1) == PreparedConv3x3::kDirect);
    CHECK(conv.algorithm_for(64) == 3);
}

}  // namespace tundish
