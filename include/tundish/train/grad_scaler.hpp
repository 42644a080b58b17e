#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace tundish {

/// Loss scaling for half precision: small gradients are lifted above half's smallest number, and steps whose gradients
/// overflow are left out. Doubles the scale after 2,000 good steps, halves it after a bad one (torch.amp's defaults).
/// Off unless half is used.
class GradScaler {
  public:
    GradScaler(bool enabled, at::Device device);

    /// The loss to call backward() on.
    [[nodiscard]] at::Tensor scale(const at::Tensor& loss) const;

    /// Divides the gradients by the scale and adapts it. False: they overflowed and the step must be left out. With
    /// more than one rank call it after the all-reduce, so that all ranks decide alike. Waits for the device when
    /// enabled.
    bool unscale(const std::vector<at::Tensor>& gradients);

    /// Scale and growth counter, for checkpoints. Shares memory.
    [[nodiscard]] std::vector<at::Tensor> state() const { return {scale_, growth_}; }

  private:
    bool enabled_;
    at::Tensor scale_;
    at::Tensor growth_;
    at::Tensor found_inf_;
};

}  // namespace tundish
