#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tundish/model/network.hpp"
#include "tundish/train/lr_schedule.hpp"
#include "tundish/train/recipe.hpp"

namespace tundish {

/// Parameters that share one update rule.
struct ParameterGroup {
    std::vector<Parameter> parameters;
    OptimizerKind kind = OptimizerKind::sgd;
    double learning_rate = 0.0;  ///< peak
    double momentum = 0.0;
    double weight_decay = 0.0;  ///< added to the gradient; adamw: taken off the parameter directly
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double eps = 1e-8;
    double gamma = 0.9;
    LrSchedule schedule;
    bool float32 = false;  ///< muon: orthogonalises in float32, where bfloat16 would pay too
    bool ends = false;     ///< no longer trained once its schedule has reached total_steps
};

/// Moves parameters along their gradients. Update rules as torch.optim has them (SGD with and without Nesterov, Adam,
/// AdamW, RMSprop), and Muon as in airbench94_muon: each filter is first rescaled to the norm sqrt(out_channels), then
/// moved along its orthogonalised momentum (Newton-Schulz, three iterations of the quintic with 3.4445,
/// -4.7750, 2.0315). Works on the parameters' device without waiting for it. One thread.
class Optimizer {
  public:
    explicit Optimizer(std::vector<ParameterGroup> groups);
    ~Optimizer();

    /// Updates every trained parameter from its gradient. `step` counts from 0. What depends on it is first written
    /// into tensors; the rest is the same work in every step, which a graph can hold.
    void step(std::int64_t step);

    /// Gradients become absent, so that the next backward pass writes instead of adding.
    void clear_gradients();

    /// Stops gradients of groups that have ended by `step`: their backward pass is saved.
    void retire_groups(std::int64_t step);

    /// The learning rate of the first group in `step`: what reports show.
    [[nodiscard]] double learning_rate(std::int64_t step) const;

    /// Momentum and other running values, named "<kind of value>.<parameter>". Shares memory.
    [[nodiscard]] std::vector<NamedTensor> state() const;
    /// Throws ArtifactError when names or shapes differ.
    void load_state(const std::vector<NamedTensor>& state);

  private:
    struct Slots;  // running values of one group
    static void set_rates(Slots& slots, std::int64_t step);
    static void update(Slots& slots);

    std::vector<Slots> slots_;
};

/// The groups of a recipe: airbench's four for muon (filters; whitening bias, which ends after three epochs; norm
/// biases; head), else one with weight decay (filters, linear weights) and one without (biases, norms).
std::vector<ParameterGroup> make_groups(const Network& network, const TrainOptions& options, const Recipe& recipe);

}  // namespace tundish
