// Somebody else's TorchScript with a config.json that was written by hand.
#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "support/errors.hpp"
#include "support/saved_model.hpp"
#include "support/temp_folder.hpp"
#include "support/torch_catch.hpp"
#include "tundish/base/error.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/classifier.hpp"
#include "tundish/model/predictor.hpp"
#include "tundish/model/state_file.hpp"

using namespace tundish;
using tundish::testing::lacks;
using tundish::testing::message_of;
using tundish::testing::SavedModel;
using tundish::testing::TempFolder;

namespace {

// A folder whose model.pt is one line of TorchScript; its input has two numbers, and there are two classes.
class ForeignModel {
  public:
    ForeignModel(const std::string& answer, const std::string& settings, const std::string& shape = "[2, 1, 1]") {
        torch::jit::Module module("foreign");
        module.define("def forward(self, x):\n    return " + answer + "\n");
        module.save((folder_.path() / kModelFile).string());
        folder_.write(kConfigFile, R"({"class_names": 2, "input_shape": )" + shape + ", " + settings + "}");
    }

    [[nodiscard]] std::vector<float> probabilities(float a, float b) const {
        const auto classifier = load_classifier(folder_.path(), {});
        const std::vector<float> pixels{a, b};
        std::vector<float> found(2);
        classifier->classify(pixels.data(), 1, found.data());
        return found;
    }

    [[nodiscard]] at::Tensor outputs(float a, float b) const {
        return Predictor(folder_.path()).raw_outputs(at::tensor({a, b}).view({1, 2, 1, 1})).view({2});
    }

    [[nodiscard]] std::string engine() const { return load_classifier(folder_.path(), {})->facts().engine; }

    template <typename Kind = ArtifactError>
    [[nodiscard]] std::string problem() const {
        return message_of<Kind>([&] { load_classifier(folder_.path(), {}); });
    }

  private:
    TempFolder folder_;
};

constexpr const char* kAsItIs = "x.flatten(1)";

// Several workers ask one model; each of these has images of its own.
bool same_at_once(const Classifier& classifier) {
    const std::size_t image = classifier.facts().input.pixels(), classes = classifier.facts().class_names.size();
    const auto answer = [&](std::size_t images) {
        std::vector<float> pixels(images * image), found(images * classes);
        for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 7919 % (250 + images));
        classifier.classify(pixels.data(), images, found.data());
        return found;
    };
    std::atomic<bool> same{true};
    std::vector<std::jthread> workers;
    for (std::size_t images = 1; images <= 4; ++images) {
        workers.emplace_back([&, images, expected = answer(images)] {
            for (int i = 0; i < 20; ++i) same = same && answer(images) == expected;
        });
    }
    workers.clear();
    return same;
}

}  // namespace

TEST_CASE("what normalises by the caller sees (pixel * scale - mean) / std, with any scale") {
    const auto check = [](const std::string& preprocess, double first, double second) {
        INFO(preprocess);
        const ForeignModel model(kAsItIs, R"("preprocess": {"by": "caller")" + preprocess + "}");
        const auto found = model.outputs(51, 204);
        CHECK(found[0].item<double>() == Approx(first));
        CHECK(found[1].item<double>() == Approx(second));
    };
    check("", 0.2, 0.8);
    check(R"(, "scale": null)", 0.2, 0.8);
    check(R"(, "scale": 0.00392156862745098)", 0.2, 0.8);
    check(R"(, "scale": 1)", 51, 204);
    check(R"(, "scale": 1, "mean": [1, 4], "std": [10, 20])", 5, 10);
    check(R"(, "scale": 0.0078431372549019607, "mean": [1, 1])", -0.6, 0.6);
    check(R"(, "scale": 2, "mean": [100, 8], "std": [0.5, 4])", 4, 100);
}

TEST_CASE("a scale decides the probabilities that are served") {
    const ForeignModel model(kAsItIs, R"("preprocess": {"scale": 1, "std": [100, 100]})");
    const auto found = model.probabilities(50, 150);
    CHECK(found[1] == Approx(1 / (1 + std::exp(-1.0F))).epsilon(1e-4));
    CHECK(found[0] + found[1] == Approx(1));
}

TEST_CASE("answers that are said to be probabilities and are not are refused") {
    const std::string said = R"("output": "probabilities")";
    const auto problem = ForeignModel("x.flatten(1) * 10 - 20", said).problem();
    CHECK(lacks(problem, {"config.json", "'output'", "between 0 and 1", "add up to", "\"logits\""}) == "");
    CHECK(lacks(ForeignModel("x.flatten(1).sigmoid()", said).problem(), {"add up to", "\"logits\""}) == "");
    const ForeignModel honest("x.flatten(1).softmax(1)", said);
    CHECK(honest.probabilities(0, 255)[1] == Approx(1 / (1 + std::exp(-1.0F))));
}

TEST_CASE("a model that fails says why, without a traceback, and whether the axes may be in another order") {
    const auto problem = ForeignModel("x.view([7, 5])", "\"output\": \"logits\"").problem<MachineError>();
    CHECK(lacks(problem, {"model.pt failed: RuntimeError: shape '[7, 5]' is invalid"}) == "");
    CHECK(problem.find("Traceback") == std::string::npos);
    CHECK(problem.find("input_shape") == std::string::npos);
    const ForeignModel turned("x.view([7, 5])", "\"output\": \"logits\"", "[8, 8, 3]");
    CHECK(lacks(turned.problem<MachineError>(), {"input_shape is [channels, height, width], found [8, 8, 3]"}) == "");
}

TEST_CASE("a model.pt of torch.save is told from a damaged one") {
    const TempFolder folder;
    folder.write(kConfigFile, R"({"class_names": 2, "input_shape": [2, 1, 1]})");
    folder.write(kModelFile, to_torch_bytes(c10::IValue(at::zeros({2}))));
    const auto load = [&] { load_classifier(folder.path(), {}); };
    CHECK(lacks(message_of<ArtifactError>(load), {"it was written by torch.save", "torch.jit.trace"}) == "");
}

TEST_CASE("somebody else's model is frozen, with its batch norm folded, and answers the same") {
    for (const char* name : {"keras_cnn", "resnet9"}) {
        INFO(name);
        const SavedModel saved(name);
        // Taken for somebody else's where nothing says that it is ours.
        saved.folder.write(kConfigFile,
                           R"({"class_names": 4, "input_shape": [3, 32, 32], "preprocess": {"by": "model"}})");
        const auto classifier = load_classifier(saved.folder.path(), {});
        CHECK(lacks(classifier->facts().engine, {"TorchScript (model.pt, frozen) on ", "not a network of ours"}) == "");
        const Predictor as_it_is(saved.folder.path());
        for (const std::int64_t images : {1, 7, 2}) {
            const auto pixels = at::rand({images, 3, 32, 32}) * 255;
            const auto expected = as_it_is.raw_outputs(pixels).softmax(1).contiguous();
            auto found = at::empty_like(expected);
            classifier->classify(pixels.const_data_ptr<float>(), static_cast<std::size_t>(images),
                                 found.mutable_data_ptr<float>());
            CHECK((found - expected).abs().max().item<float>() < 1e-3F);
        }
        CHECK(same_at_once(*classifier));
    }
}

TEST_CASE("a model that answers something else when it is frozen is served as it is") {
    constexpr const char* kSettings = R"("preprocess": {"by": "model"})";
    CHECK(lacks(ForeignModel("0 * x.flatten(1) + 10 * torch.rand([2])", kSettings).engine(),
                {"TorchScript (model.pt) on"}) == "");
    CHECK(lacks(ForeignModel(kAsItIs, kSettings).engine(), {"(model.pt, frozen)"}) == "");
}
