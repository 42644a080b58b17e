#include "script_classifier.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// The number of OpenMP threads is a setting of each thread.
void use_threads(int threads) {
    thread_local int used = 0;
    if (used == threads) return;
    at::set_num_threads(threads);
    used = threads;
}

void check_shape(const at::Tensor& output, std::size_t images, std::size_t classes) {
    if (output.dim() == 2 && output.size(0) == static_cast<std::int64_t>(images) &&
        output.size(1) == static_cast<std::int64_t>(classes))
        return;
    throw ArtifactError(text(kModelFile, " returned a tensor of shape ", output.sizes(), " for ", images,
                             " images; expected [", images, ", ", classes, "]: is class_names in ", kConfigFile,
                             " the right list?"));
}

}  // namespace

ClassifierFacts facts_of(const ModelConfig& config) {
    return {config.input, config.class_names, config.architecture, "fp32", {}};
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
    facts_.engine = text("TorchScript (", kModelFile, "), because ", why);
}

void ScriptClassifier::classify(const float* pixels, std::size_t images, float* probabilities) const {
    use_threads(threads_);
    const auto& input = facts_.input;
    const std::size_t classes = facts_.class_names.size();
    try {
        // from_blob wants a pointer to non-const; nothing writes through it.
        const auto batch = at::from_blob(
            const_cast<float*>(pixels), {static_cast<std::int64_t>(images), input.channels, input.height, input.width});
        const auto output = predictor_->raw_outputs(batch).to(at::kFloat).contiguous();
        check_shape(output, images, classes);
        std::copy_n(output.const_data_ptr<float>(), images * classes, probabilities);
    } catch (const c10::Error& error) {
        throw MachineError(text(kModelFile, " failed: ", error.what_without_backtrace()));
    } catch (const std::runtime_error& error) {  // TorchScript's interpreter
        if (dynamic_cast<const Error*>(&error) != nullptr) throw;
        throw MachineError(text(kModelFile, " failed: ", error.what()));
    }
    if (!predictor_->config().outputs_probabilities) softmax_rows(probabilities, images, classes);
}

}  // namespace tundish
