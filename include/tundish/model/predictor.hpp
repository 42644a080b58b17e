#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "tundish/data/image.hpp"
#include "tundish/model/artifact.hpp"

namespace tundish {

/// A loaded artifact that classifies images. predict() may be called from several threads.
class Predictor {
  public:
    /// Checks the weights and loads model.pt onto the CPU. Throws ArtifactError naming what is wrong with `folder`.
    explicit Predictor(const std::filesystem::path& folder);
    ~Predictor();

    [[nodiscard]] const ModelConfig& config() const { return config_; }

    [[nodiscard]] at::Device device() const { return device_; }

    /// From now on model.pt runs there. Not while another thread uses it.
    void move_to(at::Device device);

    /// A copy whose weights are constants of its code, which LibTorch folds and lays out for this device: faster, as a
    /// rule, and the same but for rounding if the model does the same each time. It has no weights() any more. Null
    /// where TorchScript cannot do that.
    [[nodiscard]] std::unique_ptr<Predictor> frozen() const;
    [[nodiscard]] bool is_frozen() const { return is_frozen_; }

    /// `pixels`: on the CPU, (N, C, H, W), uint8 or float, 0..255, of the model's size. Returns (N, classes) on the
    /// device, as model.pt gives them.
    [[nodiscard]] at::Tensor raw_outputs(const at::Tensor& pixels) const;

    /// Parameters and buffers of a network of ours, by their names in state_dict.
    [[nodiscard]] std::vector<NamedTensor> weights() const;

    /// Class probabilities of one image of any size: brought to the model's channels and size by the one resize rule.
    [[nodiscard]] std::vector<double> predict(const Image& image) const;

  private:
    struct Script;  // keeps TorchScript's header out of this one
    Predictor(const Predictor& original, std::unique_ptr<Script> frozen);

    ModelConfig config_;
    at::Device device_ = at::kCPU;
    bool is_frozen_ = false;
    std::unique_ptr<Script> script_;
};

}  // namespace tundish
