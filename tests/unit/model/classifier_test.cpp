#include "tundish/model/classifier.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "support/saved_model.hpp"
#include "support/torch_catch.hpp"
#include "tundish/base/error.hpp"
#include "tundish/model/device.hpp"

using namespace tundish;
using tundish::testing::SavedModel;
using tundish::testing::tiny_samples;

namespace {

constexpr std::size_t kImages = 6;

std::unique_ptr<Classifier> load(const SavedModel& saved, Arithmetic arithmetic) {
    return load_classifier(saved.folder.path(), {.threads = 1, .largest_batch = kImages, .arithmetic = arithmetic});
}

std::vector<float> answers(const Classifier& classifier) {
    std::vector<float> pixels(kImages * classifier.facts().input.pixels());
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 7919 % 256);
    std::vector<float> probabilities(kImages * classifier.facts().class_names.size());
    classifier.classify(pixels.data(), kImages, probabilities.data());
    return probabilities;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    float largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

}  // namespace

TEST_CASE("bfloat16 answers as float32 does, within its bound") {
    for (const auto& name : architecture_names()) {
        INFO(name);
        const SavedModel saved(name);
        const auto wide = load(saved, Arithmetic::fp32), narrow = load(saved, Arithmetic::bf16);
        CHECK(wide->facts().precision == "fp32");
        CHECK(narrow->facts().precision == "bf16");
        const auto expected = answers(*wide), found = answers(*narrow);
        CHECK(largest_difference(expected, found) < 0.02F);
        CHECK(found != expected);
        for (std::size_t image = 0; image < kImages; ++image) {
            const float* row = found.data() + image * 4;
            CHECK(row[0] + row[1] + row[2] + row[3] == Approx(1.0F));
        }
    }
}

TEST_CASE("what is served answers as training's evaluation does") {
    for (const auto& name : architecture_names()) {
        INFO(name);
        const SavedModel saved(name);
        const auto samples = tiny_samples(10, 4, {3, 32, 32}, 7);
        const at::NoGradGuard no_grad;
        const auto logits = saved.network.forward(normalise(pixel_view(samples), saved.config.preprocess), {});
        const auto expected = logits.softmax(1).contiguous();
        const std::vector<float> pixels(samples.pixels.begin(), samples.pixels.end());
        std::vector<float> found(static_cast<std::size_t>(expected.numel()));
        load_classifier(saved.folder.path(), {.largest_batch = 10, .arithmetic = Arithmetic::fp32})
            ->classify(pixels.data(), 10, found.data());
        CHECK(largest_difference({expected.const_data_ptr<float>(), expected.const_data_ptr<float>() + found.size()},
                                 found) < 1e-3F);
    }
}

TEST_CASE("a narrow network that disagrees with model.pt does not answer") {
    SavedModel saved("lenet");
    const at::NoGradGuard no_grad;
    auto state = saved.network.state();
    // Logits that lie close together, thousands away from zero: eight bits of them decide nothing.
    const auto head =
        std::find_if(state.rbegin(), state.rend(), [](const auto& item) { return item.tensor.dim() == 2; });
    head->tensor.add_(1000);
    save_artifact(saved.folder.path(), saved.network, saved.config);
    CHECK(load(saved, Arithmetic::bf16)->facts().precision == "fp32");
}

TEST_CASE("where nothing else was asked for, a CPU without AMX computes in float32 with our own engine") {
    if (choose_device().is_cuda() || bfloat16_pays(at::kCPU)) {
        SKIP_TEST("this machine prefers bfloat16");
    }
    const auto classifier = load(SavedModel("airbench"), Arithmetic::automatic);
    CHECK(classifier->facts().precision == "fp32");
}

TEST_CASE("a CPU with AMX computes in bfloat16 with our own engine") {
    if (choose_device().is_cuda() || !bfloat16_pays(at::kCPU)) SKIP_TEST("no AMX, or a GPU");
    const SavedModel saved("airbench");
    const auto narrow = load(saved, Arithmetic::automatic);
    CHECK(narrow->facts().precision == "bf16");
    CHECK(narrow->facts().engine.find("AMX") != std::string::npos);
    CHECK(load(saved, Arithmetic::fp32)->facts().precision == "fp32");
}

TEST_CASE("half precision without a GPU is refused") {
    if (choose_device().is_cuda()) {
        SKIP_TEST("there is a GPU");
    }
    CHECK_THROWS_AS(load(SavedModel("lenet"), Arithmetic::fp16), ConfigError);
}
