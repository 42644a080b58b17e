#include "script_classifier.hpp"

#include <algorithm>
#include <cmath>

#include "torch_calls.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/torch_failure.hpp"

namespace tundish {
namespace {

// The model's name in a failure. NumPy's and TensorFlow's order of the axes is the usual reason for one.
std::string name_with_hint(const ImageShape& input) {
    constexpr int kMostChannels = 4;
    const bool channels_last = input.channels > kMostChannels && (input.width == 1 || input.width == 3);
    if (!channels_last) return kModelFile;
    return text(kModelFile, " (", kConfigFile, ": input_shape is [channels, height, width], found [", input.channels,
                ", ", input.height, ", ", input.width, "])");
}

}  // namespace

ClassifierFacts facts_of(const ModelConfig& config) {
    ClassifierFacts facts;
    facts.input = config.input;
    facts.resize_short_side = config.resize_short_side;
    facts.class_names = config.class_names;
    facts.architecture = config.architecture;
    return facts;
}

void softmax_rows(float* rows, std::size_t count, std::size_t classes) {
    for (float* row = rows; row != rows + count * classes; row += classes) {
        const float largest = *std::max_element(row, row + classes);
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) sum += row[c] = std::exp(row[c] - largest);
        for (std::size_t c = 0; c < classes; ++c) row[c] = static_cast<float>(row[c] / sum);
    }
}

ScriptClassifier::ScriptClassifier(std::unique_ptr<Predictor> predictor, const ClassifierOptions& options,
                                   std::string why)
    : predictor_(std::move(predictor)), facts_(facts_of(predictor_->config())), threads_(options.threads) {
    facts_.on_gpu = predictor_->device().is_cuda();
    facts_.engine = text("TorchScript (", kModelFile, predictor_->is_frozen() ? ", frozen" : "", ") on ",
                         describe_device(predictor_->device()), ", because ", why);
}

void ScriptClassifier::classify(const float* pixels, std::size_t images, float* probabilities) const {
    use_threads(threads_);
    const auto& input = facts_.input;
    const std::size_t classes = facts_.class_names.size();
    try {
        const auto batch = view_of(pixels, images, input.channels, input.height, input.width);
        copy_rows(predictor_->raw_outputs(batch), images, classes, probabilities);
    } catch (const std::exception&) {
        rethrow_as_ours(name_with_hint(input), images, predictor_->device().is_cuda());
    }
    if (!predictor_->config().outputs_probabilities) softmax_rows(probabilities, images, classes);
}

}  // namespace tundish
