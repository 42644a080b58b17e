#include "tundish/train/train_step.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include "tundish/base/random.hpp"

namespace tundish {
namespace {

// Dropout masks of a step come from a generator of their own, so that a resumed run draws the same ones.
at::Generator dropout_source(const at::Device& device, std::uint64_t seed, std::int64_t step, int rank) {
    const auto key =
        random_bits({0x64726f70ULL, seed, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(rank)});
    if (device.is_cpu()) return at::detail::createCPUGenerator(key);
    auto generator = at::globalContext().defaultGenerator(device).clone();
    generator.set_current_seed(key);
    return generator;
}

std::vector<at::Tensor> tensors_of(const std::vector<Parameter>& parameters) {
    std::vector<at::Tensor> tensors;
    for (const auto& parameter : parameters) tensors.push_back(parameter.tensor);
    return tensors;
}

// In main memory, so that what the ranks say does not wait for the device.
at::Tensor ballot(const BatchMaker::Batch& batch, const StepNotice& notice) {
    const std::int64_t samples = batch.labels.defined() ? batch.labels.numel() : 0;
    return at::tensor({samples, std::int64_t{notice.stop}, std::int64_t{notice.out_of_time}}, at::kLong);
}

StepOutcome outcome_of(const at::Tensor& ballot) {
    const auto* sums = ballot.const_data_ptr<std::int64_t>();
    return {.notice = {.stop = sums[1] > 0, .out_of_time = sums[2] > 0}, .samples = sums[0]};
}

}  // namespace

TrainStep::TrainStep(const Network& network, Optimizer& optimizer, const Recipe& recipe, at::ScalarType compute,
                     std::uint64_t seed, Communicator& communicator, const ReducerOptions& reducer)
    : network_(network),
      optimizer_(optimizer),
      recipe_(recipe),
      compute_(compute),
      seed_(seed),
      communicator_(communicator),
      reducer_(communicator, tensors_of(network.parameters()), reducer),
      scaler_(compute == at::kHalf, network.device()),
      totals_(at::zeros({2}, at::TensorOptions(at::kDouble).device(network.device()))),
      of_a_step_(at::zeros_like(totals_)) {}

StepOutcome TrainStep::run(const BatchMaker::Batch& batch, std::int64_t step, std::int64_t planned,
                           const StepNotice& notice) {
    optimizer_.retire_groups(step);
    optimizer_.clear_gradients();
    of_a_step_.zero_();
    const auto votes = ballot(batch, notice);
    reducer_.begin(votes);
    if (batch.images.defined()) add_gradients(batch, step, planned);
    const auto gradients = reducer_.finish();
    auto outcome = outcome_of(votes);
    const bool whole = outcome.samples == planned;
    if (outcome.samples == 0 || (outcome.notice.stop && !whole)) return outcome;
    // The gradients of a mean were divided by the number that was planned.
    if (!whole && !recipe_.sum_loss) {
        const at::NoGradGuard no_grad;
        at::_foreach_mul_(gradients, static_cast<double>(planned) / static_cast<double>(outcome.samples));
    }
    totals_ += of_a_step_;
    if (scaler_.unscale(gradients)) optimizer_.step(step);
    outcome.counted = true;
    return outcome;
}

void TrainStep::add_gradients(const BatchMaker::Batch& batch, std::int64_t step, std::int64_t planned) {
    const auto logits = logits_of(batch.images, step);
    const auto loss = at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum, /*ignore_index=*/-100,
                                             recipe_.label_smoothing);
    const double share = recipe_.sum_loss ? 1.0 : 1.0 / static_cast<double>(planned);
    scaler_.scale(loss * share).backward();
    of_a_step_[0] += loss.detach();
    of_a_step_[1] += logits.detach().argmax(1).eq(batch.labels).sum();
}

at::Tensor TrainStep::logits_of(const at::Tensor& images, std::int64_t step) const {
    ForwardMode mode;
    mode.training = true;
    mode.compute = compute_;
    mode.dropout_source = dropout_source(network_.device(), seed_, step, communicator_.rank());
    return network_.forward(images, mode);
}

TrainStep::Totals TrainStep::take_totals() {
    communicator_.all_reduce_sum({totals_});
    const auto host = totals_.to(at::kCPU);
    const auto* sums = host.const_data_ptr<double>();
    Totals totals{sums[0], static_cast<std::int64_t>(sums[1])};
    totals_.zero_();
    return totals;
}

std::vector<NamedTensor> TrainStep::scaler_state() const {
    const auto values = scaler_.state();
    return {{"scaler.scale", values[0]}, {"scaler.growth", values[1]}};
}

void TrainStep::load_scaler(const std::vector<NamedTensor>& state) {
    for (const auto& [name, tensor] : state) {
        for (const auto& [own_name, own_tensor] : scaler_state()) {
            if (own_name == name) own_tensor.copy_(tensor);
        }
    }
}

}  // namespace tundish
