#include "tundish/model/classifier.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <future>
#include <map>
#include <numeric>
#include <random>

#include "network_classifier.hpp"
#include "script_classifier.hpp"
#include "torch_calls.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/inference_plan.hpp"

namespace tundish {
namespace {

// From model.pt in any probability: float32 adds in another order, bfloat16 keeps 8 bits of each number.
constexpr float kLargestDifference = 1e-3F;
constexpr float kLargestNarrowDifference = 2e-2F;

class PlanClassifier : public Classifier {
  public:
    PlanClassifier(InferencePlan plan, ClassifierFacts facts, int threads, Products products)
        : plan_(std::move(plan)), facts_(std::move(facts)), threads_(threads) {
        const bool narrow = products == Products::bf16;
        facts_.precision = narrow ? "bf16" : "fp32";
        facts_.only_arithmetic = true;
        facts_.engine = text("our own kernels with folded batch norm", narrow ? ", convolutions in bf16 on AMX" : "");
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

// Logits that are taken for probabilities would be answered as they are.
void check_probabilities(const std::vector<float>& answers, std::size_t classes) {
    constexpr float kAllowed = 1e-3F;
    for (auto row = answers.begin(); row != answers.end(); row += static_cast<std::ptrdiff_t>(classes)) {
        const auto end = row + static_cast<std::ptrdiff_t>(classes);
        const auto [least, most] = std::minmax_element(row, end);
        const float sum = std::accumulate(row, end, 0.0F);
        if (*least >= -kAllowed && *most <= 1 + kAllowed && std::abs(sum - 1) <= kAllowed) continue;
        throw ArtifactError(text(kConfigFile,
                                 ": 'output' is \"probabilities\", which lie between 0 and 1 and add up to 1; ",
                                 kModelFile, " answered a test image with numbers from ", *least, " to ", *most,
                                 " that add up to ", sum, ". Write \"output\": \"logits\" if that is what they are."));
    }
}

// What model.pt answers, and that it keeps what config.json says of it.
std::vector<float> answers_of(const ScriptClassifier& script) {
    auto answers = answers_of(static_cast<const Classifier&>(script));
    if (script.predictor().config().outputs_probabilities)
        check_probabilities(answers, script.facts().class_names.size());
    return answers;
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

bool is_ours(const ModelConfig& config) {
    return !config.architecture.empty() && !config.outputs_probabilities;
}

Network network_of(const Predictor& predictor, const at::Device& device) {
    const ModelConfig& config = predictor.config();
    Network network(make_architecture(config.architecture, config.input, config.classes), device);
    network.load_state(predictor.weights());  // names every tensor that is missing or has another shape
    return network;
}

// Our own engine; nothing where it does not know the network, or the machine cannot multiply so.
std::unique_ptr<Classifier> plan_for(const Predictor& predictor, const ClassifierOptions& options, Products products) {
    if (!PreparedConv3x3::runs({1, 1, 16, 16}, products)) return nullptr;
    const ModelConfig& config = predictor.config();
    const Network network = network_of(predictor, at::kCPU);
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, tensor] : network.state()) tensors.emplace(name, tensor.contiguous());
    const auto by_name = [&](const std::string& name) -> std::span<const float> {
        const auto& tensor = tensors.at(name);
        return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
    };
    auto plan = InferencePlan::compile(network.architecture(), scale_of(config.preprocess), by_name,
                                       static_cast<std::int64_t>(options.largest_batch), products);
    if (!plan) return nullptr;
    return std::make_unique<PlanClassifier>(std::move(*plan), facts_of(config), options.threads, products);
}

at::ScalarType dtype_of(Arithmetic arithmetic, const at::Device& device) {
    switch (arithmetic) {
        case Arithmetic::fp32:
            return at::kFloat;
        case Arithmetic::bf16:
            return at::kBFloat16;
        case Arithmetic::fp16:
            return at::kHalf;
        case Arithmetic::automatic:
            break;
    }
    return automatic_precision(device);
}

// LibTorch's operations: what a GPU runs, and bfloat16. Nothing where our own engine is the better choice from the
// start.
std::unique_ptr<Classifier> network_for(const Predictor& predictor, const ClassifierOptions& options,
                                        const at::Device& device) {
    const auto compute = dtype_of(options.arithmetic, device);
    if (device.is_cpu() && compute == at::kFloat) return nullptr;
    return std::make_unique<NetworkClassifier>(network_of(predictor, device), predictor.config().preprocess,
                                               facts_of(predictor.config()), compute, options.threads);
}

bool agrees(const Classifier& classifier, const std::vector<float>& expected) {
    const float allowed = classifier.facts().precision == "fp32" ? kLargestDifference : kLargestNarrowDifference;
    const float difference = largest_difference(answers_of(classifier), expected);
    if (difference <= allowed) return true;
    log_warning(text(classifier.facts().engine, " and ", kModelFile, " differ by ", difference, " in a probability (",
                     allowed, " allowed): it does not answer"));
    return false;
}

// For a full batch, after one that is not counted.
double seconds_for_batch(const Classifier& classifier, std::size_t images) {
    const auto pixels = test_images(classifier.facts().input, images);
    std::vector<float> probabilities(images * classifier.facts().class_names.size());
    classifier.classify(pixels.data(), images, probabilities.data());
    const Stopwatch watch;
    classifier.classify(pixels.data(), images, probabilities.data());
    return watch.seconds();
}

// Both are on the CPU and agree with model.pt; either may be missing.
std::unique_ptr<Classifier> better_of(std::unique_ptr<Classifier> plan, std::unique_ptr<Classifier> network,
                                      const ClassifierOptions& options) {
    if (plan == nullptr || network == nullptr) return plan != nullptr ? std::move(plan) : std::move(network);
    if (options.arithmetic != Arithmetic::automatic) return network;  // asked for
    const bool faster =
        seconds_for_batch(*network, options.largest_batch) < seconds_for_batch(*plan, options.largest_batch);
    return faster ? std::move(network) : std::move(plan);
}

// Those that agree with model.pt, which answers on another thread while they are made.
std::unique_ptr<Classifier> best_of_ours(const ScriptClassifier& script, const ClassifierOptions& options,
                                         const at::Device& device) {
    auto answers = std::async(std::launch::async, [&] {
        const WithoutOptimiser once;
        return answers_of(script);
    });
    const Predictor& predictor = script.predictor();
    const bool narrow = device.is_cpu() && dtype_of(options.arithmetic, device) == at::kBFloat16;
    auto on_amx = narrow ? plan_for(predictor, options, Products::bf16) : nullptr;
    auto network = on_amx != nullptr ? nullptr : network_for(predictor, options, device);
    auto plan = on_amx != nullptr || device.is_cuda() ? nullptr : plan_for(predictor, options, Products::fp32);
    const auto expected = answers.get();
    // Three to nine times as fast as fp32 for every layer and batch (prepared_conv_bench): nothing to measure.
    if (on_amx != nullptr && agrees(*on_amx, expected)) return on_amx;
    if (on_amx != nullptr) plan = plan_for(predictor, options, Products::fp32);
    if (network != nullptr && !agrees(*network, expected)) network.reset();
    if (plan != nullptr && !agrees(*plan, expected)) plan.reset();
    return better_of(std::move(plan), std::move(network), options);
}

// model.pt frozen, if that can be done and answers the same: not where it draws random numbers, say.
std::unique_ptr<Classifier> frozen_of(const ScriptClassifier& script, const std::vector<float>& expected,
                                      const ClassifierOptions& options, const std::string& why) {
    auto predictor = script.predictor().frozen();
    if (predictor == nullptr) return nullptr;
    auto frozen = std::make_unique<ScriptClassifier>(std::move(predictor), options, why);
    try {
        if (agrees(*frozen, expected)) return frozen;
    } catch (const MachineError& error) {
        log_warning(text(kModelFile, " is served as it is, because it does not run when it is frozen: ", error.what()));
    }
    return nullptr;
}

// Its operations were written for the types that they have.
void warn_of_precision(Arithmetic asked) {
    if (asked == Arithmetic::automatic || asked == Arithmetic::fp32) return;
    log_warning(text("TUNDISH_SERVE_PRECISION has no effect: ", kModelFile,
                     " is no network of ours, and computes in the precision that it was saved in"));
}

std::unique_ptr<Classifier> load_fitting(const std::filesystem::path& folder, const ClassifierOptions& options) {
    const auto device = choose_device();
    // cuDNN would try all its algorithms anew for each size of a batch.
    at::globalContext().setBenchmarkCuDNN(false);
    if (const auto why = why_no_gpu(); !why.empty()) log_warning(why);
    if (options.arithmetic == Arithmetic::fp16 && device.is_cpu())
        throw ConfigError("TUNDISH_SERVE_PRECISION is fp16, which needs a GPU. Take auto, fp32 or bf16.");
    auto predictor = std::make_unique<Predictor>(folder);
    const bool ours = is_ours(predictor->config());
    if (!ours) predictor->move_to(device);
    const auto why = ours ? text("nothing faster for ", predictor->config().architecture, " agrees with it")
                          : std::string("it is not a network of ours");
    auto script = std::make_unique<ScriptClassifier>(std::move(predictor), options, why);
    if (ours) {
        if (auto best = best_of_ours(*script, options, device)) return best;
    }
    const auto expected = answers_of(*script);
    if (ours) return script;
    warn_of_precision(options.arithmetic);
    auto frozen = frozen_of(*script, expected, options, why);
    return frozen != nullptr ? std::move(frozen) : std::move(script);
}

}  // namespace

std::unique_ptr<Classifier> load_classifier(const std::filesystem::path& folder, const ClassifierOptions& options) {
    try {
        return load_fitting(folder, options);
    } catch (const std::bad_alloc&) {
        throw ArtifactError(text((folder / kConfigFile).string(), ": there is not enough memory to try a model for ",
                                 to_text(load_model_config(folder).input), " images, in batches of ",
                                 options.largest_batch, ": is 'input_shape' right?"));
    }
}

}  // namespace tundish
