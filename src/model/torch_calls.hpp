#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

namespace tundish {

/// What serving needs around a call of LibTorch. Private to the model floor.

/// The number of OpenMP threads of the calling thread's operations.
void use_threads(int threads);

/// As long as it lives, TorchScript runs in this thread as it was written: the optimiser takes longer than it saves in
/// a single call.
class WithoutOptimiser {
  public:
    WithoutOptimiser();
    WithoutOptimiser(const WithoutOptimiser&) = delete;
    WithoutOptimiser& operator=(const WithoutOptimiser&) = delete;
    ~WithoutOptimiser();

  private:
    bool before_;
};

/// `images` images of a shape as a float32 tensor (N, C, H, W) over the caller's memory.
at::Tensor view_of(const float* pixels, std::size_t images, int channels, int height, int width);

/// Copies logits or probabilities, (images, classes), out. Throws ArtifactError when they have another shape.
void copy_rows(const at::Tensor& output, std::size_t images, std::size_t classes, float* to);

}  // namespace tundish
