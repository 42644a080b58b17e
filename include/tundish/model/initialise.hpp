#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tundish/model/network.hpp"
#include "tundish/model/preprocess.hpp"

namespace tundish {

/// Gives every parameter its starting value, the same for the same seed on every rank and device.
/// Convolutions and linear layers: torch's default, uniform within 1/sqrt(fan_in). airbench: the first `in_channels`
/// filters of every 3x3 convolution are the identity (Dirac), and the head is divided by its standard deviation
/// (performance.md §1.3).
void initialise(Network& network, std::uint64_t seed);

/// Fills the whitening layer, if the network has one, from `pixels` as normalise() takes them ((n, C, H, W); 5,000
/// suffice): the eigenvectors of the covariance of all patches, each divided by sqrt(eigenvalue + 5e-4), then their
/// negatives (performance.md §1.3).
void initialise_whitening(Network& network, const at::Tensor& pixels, const Preprocess& preprocess);

}  // namespace tundish
