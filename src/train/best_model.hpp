#pragma once

#include <filesystem>
#include <vector>

#include "tundish/base/stopwatch.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/network.hpp"
#include "tundish/train/checkpoint.hpp"

namespace tundish {

/// Keeps the weights of the best epoch and a loadable artifact of them in the model folder. Private to the train floor.
class BestModel {
  public:
    /// `writes` is true on the one rank that leaves the artifact; the others only keep the weights.
    BestModel(std::filesystem::path folder, ModelConfig config, bool writes);

    /// Takes over what a checkpoint holds.
    void restore(const TrainingState& state);

    /// The network has just been evaluated as the best so far: copies its weights and writes the artifact, but no more
    /// than once in ten seconds, so that epochs shorter than a disk write are not slowed down.
    void keep(const Network& network, const Evaluation& evaluation);

    /// Puts the best weights into the network (the current ones stay when nothing was kept) and writes the artifact
    /// with these metrics. Then loads it again and compares its outputs with the network's on `pixels`. Throws
    /// MachineError when they differ.
    void finish(Network& network, const Evaluation& evaluation, const at::Tensor& pixels);

    void put_into(Network& network) const;

    [[nodiscard]] bool empty() const { return weights_.empty(); }
    [[nodiscard]] const std::vector<NamedTensor>& weights() const { return weights_; }

  private:
    void write(const Network& network, const Evaluation& evaluation);
    void verify(const Network& network, const at::Tensor& pixels) const;

    std::filesystem::path folder_;
    ModelConfig config_;
    std::vector<NamedTensor> weights_;
    Stopwatch since_write_;
    bool writes_;
    bool written_ = false;
};

}  // namespace tundish
