#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tundish/model/inference_plan.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace tundish {

/// A convolution and what follows it, read from the head of a list of layers: [pooling] [batch norm] [activation].
struct ConvGroup {
    Conv2d conv;
    bool pooled = false;
    Finish finish = Finish::bias;
    std::vector<float> weight;  ///< kernel, kernel, in, out; batch norm's factor multiplied in
    std::vector<float> bias;    ///< out; zeros where the layers have none
    std::size_t layers = 0;     ///< how many were read
};

/// Nothing when what follows cannot be folded: an activation without a kernel, a pooling that is not 2x2, or one before
/// a batch norm with a negative factor (the maximum would become a minimum). `layers` begins with a Conv2d.
std::optional<ConvGroup> fold_conv(std::span<const Layer> layers, const WeightsByName& weights);

}  // namespace tundish
