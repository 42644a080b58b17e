#pragma once

#include <optional>
#include <vector>

#include "inference_steps.hpp"
#include "tundish/model/inference_plan.hpp"

namespace tundish {

/// The steps that compute `architecture`, ending in its logits; nothing when a layer is unknown here, or its products
/// cannot be those.
std::optional<std::vector<InferenceStep>> compile_inference(const Architecture& architecture, const PixelScale& scale,
                                                            const WeightsByName& weights, std::int64_t largest_batch,
                                                            Products products);

}  // namespace tundish
