#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tundish/distributed/communicator.hpp"
#include "tundish/distributed/gradient_reducer.hpp"
#include "tundish/model/augmentation.hpp"
#include "tundish/model/network.hpp"
#include "tundish/train/grad_scaler.hpp"
#include "tundish/train/optimizer.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// What every rank says in every step, and what holds if one of them says it.
struct StepNotice {
    bool stop = false;         ///< a SIGTERM came
    bool out_of_time = false;  ///< max_train_seconds are used up
};

/// What all ranks know after a step.
struct StepOutcome {
    StepNotice notice;
    std::int64_t samples = 0;  ///< of all ranks
    bool counted = false;      ///< false: as if it had not been. True: the weights are new, or half precision
                               ///< overflowed and they stayed as they were; its samples, loss and hits count
};

/// Forward, backward and update of one batch. Nothing here waits for the device (but for half precision's overflow
/// check): loss and hits are added up in tensors and read once an epoch.
class TrainStep {
  public:
    TrainStep(const Network& network, Optimizer& optimizer, const Recipe& recipe, at::ScalarType compute,
              std::uint64_t seed, Communicator& communicator, const ReducerOptions& reducer = {});

    /// One step on `batch`, this rank's part (no tensors: it has no samples) of a batch of `planned` samples over all
    /// ranks. `step` counts from 0 over the job. No update happens without a sample, nor where some are missing
    /// because of a stop: a resumed job takes that step whole.
    StepOutcome run(const BatchMaker::Batch& batch, std::int64_t step, std::int64_t planned, const StepNotice& notice);

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
    void add_gradients(const BatchMaker::Batch& batch, std::int64_t step, std::int64_t planned);

    const Network& network_;
    Optimizer& optimizer_;
    const Recipe& recipe_;
    at::ScalarType compute_;
    std::uint64_t seed_;
    Communicator& communicator_;
    GradientReducer reducer_;
    GradScaler scaler_;
    at::Tensor totals_;     // loss sum, hits
    at::Tensor of_a_step_;  // likewise, of the step that is under way
};

}  // namespace tundish
