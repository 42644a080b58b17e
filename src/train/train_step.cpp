#include "tundish/train/train_step.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

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

}  // namespace

TrainStep::TrainStep(const Network& network, Optimizer& optimizer, const Recipe& recipe, at::ScalarType compute,
                     std::uint64_t seed, Communicator& communicator)
    : network_(network),
      optimizer_(optimizer),
      recipe_(recipe),
      compute_(compute),
      seed_(seed),
      communicator_(communicator),
      scaler_(compute == at::kHalf, network.device()),
      totals_(at::zeros({2}, at::TensorOptions(at::kDouble).device(network.device()))) {}

void TrainStep::run(const BatchMaker::Batch& batch, std::int64_t step, std::int64_t batch_samples) {
    optimizer_.retire_groups(step);
    optimizer_.clear_gradients();
    const auto logits = logits_of(batch.images, step);
    const auto loss = at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Sum, /*ignore_index=*/-100,
                                             recipe_.label_smoothing);
    const double share = recipe_.sum_loss ? 1.0 : 1.0 / static_cast<double>(batch_samples);
    scaler_.scale(loss * share).backward();
    totals_[0] += loss.detach();
    totals_[1] += logits.detach().argmax(1).eq(batch.labels).sum();
    const auto all = gradients();
    communicator_.all_reduce_sum(all);
    if (scaler_.unscale(all)) optimizer_.step(step);
}

at::Tensor TrainStep::logits_of(const at::Tensor& images, std::int64_t step) const {
    ForwardMode mode;
    mode.training = true;
    mode.compute = compute_;
    mode.dropout_source = dropout_source(network_.device(), seed_, step, communicator_.rank());
    return network_.forward(images, mode);
}

std::vector<at::Tensor> TrainStep::gradients() const {
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : network_.parameters()) {
        if (parameter.tensor.grad().defined()) gradients.push_back(parameter.tensor.grad());
    }
    return gradients;
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
