#pragma once

#include <ATen/core/Tensor.h>

#include "tundish/model/layer.hpp"

/// Our own kernels as differentiable functions of tensors: float32 on the CPU, channels_last. Each says whether it can
/// run; the caller then uses ATen's operation instead. Private to the model floor.
namespace tundish {

/// conv2d(x, weight, stride 1, padding 1) for 3x3 filters without bias.
bool can_convolve_fast(const Conv2d& layer, const at::Tensor& x);
at::Tensor convolve_fast(const at::Tensor& x, const at::Tensor& weight);

/// max_pool2d(conv2d(x, weight), 2) a few images at a time: the map between the two, the largest of a network, is never
/// whole in memory.
bool can_convolve_and_pool_fast(const Conv2d& layer, const MaxPool2d& pool, const at::Tensor& x);
at::Tensor convolve_and_pool_fast(const at::Tensor& x, const at::Tensor& weight);

/// The same with a whitening layer before it: max_pool2d(conv2d(gelu(conv2d(images, whitening) + bias), weight), 2).
/// Keeps the images only: the whitened maps are computed again for the gradients. `whitening` and `images` get none.
bool can_whiten_fast(const Conv2d& whitening, const Conv2d& layer, const MaxPool2d& pool, const at::Tensor& images);
at::Tensor whiten_convolve_and_pool_fast(const at::Tensor& images, const at::Tensor& whitening, const at::Tensor& bias,
                                         const at::Tensor& weight);

/// gelu(batch_norm(x)) with batch statistics and a factor of 1; updates running_mean and running_var as at::batch_norm
/// does.
bool can_norm_gelu_fast(const BatchNorm2d& layer, const at::Tensor& x);
at::Tensor norm_gelu_fast(const BatchNorm2d& layer, const at::Tensor& x, const at::Tensor& bias,
                          at::Tensor running_mean, at::Tensor running_var);

/// gelu(x + bias), a bias for each channel.
bool can_bias_gelu_fast(const at::Tensor& x);
at::Tensor bias_gelu_fast(const at::Tensor& x, const at::Tensor& bias);

/// max_pool2d with a 2x2 window.
bool can_pool_fast(const MaxPool2d& layer, const at::Tensor& x);
at::Tensor pool_fast(const at::Tensor& x);

}  // namespace tundish
