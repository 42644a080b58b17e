#include "tundish/model/classifier.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <random>

#include "script_classifier.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/inference_plan.hpp"

namespace tundish {
namespace {

// Between our engine and model.pt in any probability: they add in another order.
constexpr float kLargestDifference = 1e-3F;

class PlanClassifier : public Classifier {
  public:
    PlanClassifier(InferencePlan plan, ClassifierFacts facts, int threads)
        : plan_(std::move(plan)), facts_(std::move(facts)), threads_(threads) {
        facts_.engine = "our own kernels with folded batch norm";
    }

    [[nodiscard]] const ClassifierFacts& facts() const override { return facts_; }

    void classify(const float* pixels, std::size_t images, float* probabilities) const override {
        thread_local InferencePlan::Workspace workspace;
        plan_.run(pixels, static_cast<std::int64_t>(images), probabilities, threads_, workspace);
        softmax_rows(probabilities, images, facts_.class_names.size());
    }

  private:
    InferencePlan plan_;
    ClassifierFacts facts_;
    int threads_;
};

// Noise, and the same noise in large blocks: edges and flat areas.
std::vector<float> test_images(const ImageShape& shape, std::size_t images) {
    std::vector<float> pixels(images * shape.pixels());
    std::mt19937 random(1);  // fixed: what is served must not depend on luck
    std::uniform_real_distribution<float> value(0.0F, 255.0F);
    std::size_t place = 0;
    for (std::size_t image = 0; image < images; ++image) {
        const std::size_t run = image % 2 == 0 ? 1 : 7;
        float current = 0;
        for (std::size_t i = 0; i < shape.pixels(); ++i) {
            if (i % run == 0) current = value(random);
            pixels[place++] = current;
        }
    }
    return pixels;
}

// What it answers to the test images: a real forward pass.
std::vector<float> answers_of(const Classifier& classifier) {
    constexpr std::size_t kImages = 4;
    const auto pixels = test_images(classifier.facts().input, kImages);
    std::vector<float> probabilities(kImages * classifier.facts().class_names.size());
    classifier.classify(pixels.data(), kImages, probabilities.data());
    return probabilities;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    float largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return std::numeric_limits<float>::infinity();
        largest = std::max(largest, std::abs(a[i] - b[i]));
    }
    return largest;
}

// In pixels, as the network takes them.
PixelScale scale_of(const Preprocess& preprocess) {
    PixelScale scale;
    for (const double mean : preprocess.mean) scale.mean.push_back(static_cast<float>(mean * 255));
    for (const double std : preprocess.std) scale.std.push_back(static_cast<float>(std * 255));
    return scale;
}

std::unique_ptr<Classifier> plan_for(const Predictor& predictor, const ClassifierOptions& options) {
    const ModelConfig& config = predictor.config();
    if (config.architecture.empty() || config.outputs_probabilities) return nullptr;
    Network network(make_architecture(config.architecture, config.input, config.classes), at::kCPU);
    network.load_state(predictor.weights());  // names every tensor that is missing or has another shape
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, tensor] : network.state()) tensors.emplace(name, tensor.contiguous());
    const auto by_name = [&](const std::string& name) -> std::span<const float> {
        const auto& tensor = tensors.at(name);
        return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
    };
    auto plan = InferencePlan::compile(network.architecture(), scale_of(config.preprocess), by_name,
                                       static_cast<std::int64_t>(options.largest_batch));
    if (!plan) return nullptr;
    return std::make_unique<PlanClassifier>(std::move(*plan), facts_of(config), options.threads);
}

}  // namespace

std::unique_ptr<Classifier> load_classifier(const std::filesystem::path& folder, const ClassifierOptions& options) {
    auto predictor = std::make_unique<Predictor>(folder);
    auto plan = plan_for(*predictor, options);
    const std::string kind = predictor->config().architecture;
    auto script = std::make_unique<ScriptClassifier>(
        std::move(predictor), options,
        kind.empty() ? "it is not a network of ours" : text("our engine has no kernels for every layer of ", kind));
    const auto expected = answers_of(*script);
    if (plan == nullptr) return script;
    const float difference = largest_difference(answers_of(*plan), expected);
    if (difference <= kLargestDifference) return plan;
    log_warning(text("our engine and ", kModelFile, " differ by ", difference, " in a probability (",
                     kLargestDifference, " allowed): ", kModelFile, " answers, more slowly"));
    return script;
}

}  // namespace tundish
