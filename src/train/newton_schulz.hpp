#pragma once

#include <ATen/core/Tensor.h>

namespace tundish {

/// Approximately U V^T of the matrix `gradient` = U S V^T: three Newton-Schulz iterations of aX + (bA + cA^2)X with A =
/// XX^T (K. Jordan, Muon). `gradient`: (rows, columns) float32; the products run in `compute`.
at::Tensor orthogonalise(const at::Tensor& gradient, at::ScalarType compute);

}  // namespace tundish
