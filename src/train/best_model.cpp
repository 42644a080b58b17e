#include "best_model.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/predictor.hpp"

namespace tundish {
namespace {

constexpr double kSecondsBetweenWrites = 10.0;
constexpr double kRelativeTolerance = 1e-3;

std::map<std::string, double> metrics_of(const Evaluation& evaluation) {
    std::map<std::string, double> metrics;
    if (evaluation.samples == 0) return metrics;
    metrics["validation_accuracy"] = evaluation.accuracy;
    metrics["validation_loss"] = evaluation.loss;
    metrics["validation_samples"] = static_cast<double>(evaluation.samples);
    if (evaluation.accuracy_tta) metrics["validation_accuracy_tta"] = *evaluation.accuracy_tta;
    if (evaluation.top_k_accuracy) metrics["validation_top_k_accuracy"] = *evaluation.top_k_accuracy;
    return metrics;
}

}  // namespace

BestModel::BestModel(std::filesystem::path folder, ModelConfig config, bool writes)
    : folder_(std::move(folder)), config_(std::move(config)), writes_(writes) {}

void BestModel::restore(const TrainingState& state) {
    if (state.best_epoch >= 0) weights_ = state.best.empty() ? state.network : state.best;
}

void BestModel::keep(const Network& network, const Evaluation& evaluation) {
    weights_ = copy_to_cpu(network.state());
    if (!writes_) return;
    if (!written_ || since_write_.seconds() >= kSecondsBetweenWrites) write(network, evaluation);
}

void BestModel::put_into(Network& network) const {
    if (!weights_.empty()) network.load_state(weights_);
}

void BestModel::finish(Network& network, const Evaluation& evaluation, const at::Tensor& pixels) {
    write(network, evaluation);
    verify(network, pixels);
    log_info(text("artifact in ", folder_.string(), ": loaded again and compared with the trained network on ",
                  pixels.size(0), " images"));
}

void BestModel::write(const Network& network, const Evaluation& evaluation) {
    config_.metrics = metrics_of(evaluation);
    save_artifact(folder_, network, config_);
    since_write_.restart();
    written_ = true;
}

void BestModel::verify(const Network& network, const at::Tensor& pixels) const {
    const at::NoGradGuard no_grad;
    const ForwardMode mode{.training = false, .compute = at::kFloat, .reference = true, .dropout_source = {}};
    const auto expected =
        network.forward(normalise(pixels.to(network.device()), config_.preprocess), mode).to(at::kCPU);
    const auto found = Predictor(folder_).raw_outputs(pixels);
    const double difference = (expected - found).abs().max().item<double>();
    const double scale = std::max(1e-3, expected.abs().max().item<double>());
    if (!(difference <= kRelativeTolerance * scale)) {
        throw MachineError(text("the artifact in ", folder_.string(),
                                " does not answer as the trained network does: largest difference of a logit ",
                                difference, ", expected at most ", kRelativeTolerance * scale));
    }
}

}  // namespace tundish
