#pragma once

#include <vector>

#include "tundish/model/network.hpp"

namespace tundish {

/// Runs `layers` over `x`, reading parameters from `network` by name. Records autograd history where gradients are
/// enabled. Private to the model floor.
at::Tensor run_layers(const std::vector<Layer>& layers, at::Tensor x, const Network& network, const ForwardMode& mode);

}  // namespace tundish
