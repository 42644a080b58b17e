#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tundish/distributed/communicator.hpp"
#include "tundish/model/augmentation.hpp"
#include "tundish/model/network.hpp"
#include "tundish/train/grad_scaler.hpp"
#include "tundish/train/optimizer.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// Forward, backward and update of one batch. Nothing here waits for the device (but for half precision's overflow
/// check): loss and hits are added up in tensors and read once an epoch.
class TrainStep {
  public:
    TrainStep(const Network& network, Optimizer& optimizer, const Recipe& recipe, at::ScalarType compute,
              std::uint64_t seed, Communicator& communicator);

    /// One step on `batch`, this rank's part of a batch of `batch_samples` over all ranks. `step` counts from 0 over
    /// the job.
    void run(const BatchMaker::Batch& batch, std::int64_t step, std::int64_t batch_samples);

    struct Totals {
        double loss_sum = 0.0;
        std::int64_t correct = 0;
    };
    /// Sums over all ranks since the last call; waits for the device.
    Totals take_totals();

    /// Loss scaling, for checkpoints; shares memory. load_scaler() looks for the same names and leaves what it does not
    /// find.
    [[nodiscard]] std::vector<NamedTensor> scaler_state() const;
    void load_scaler(const std::vector<NamedTensor>& state);

  private:
    [[nodiscard]] at::Tensor logits_of(const at::Tensor& images, std::int64_t step) const;
    [[nodiscard]] std::vector<at::Tensor> gradients() const;

    const Network& network_;
    Optimizer& optimizer_;
    const Recipe& recipe_;
    at::ScalarType compute_;
    std::uint64_t seed_;
    Communicator& communicator_;
    GradScaler scaler_;
    at::Tensor totals_;  // loss sum, hits
};

}  // namespace tundish
