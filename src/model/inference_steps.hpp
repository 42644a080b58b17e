#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "tundish/model/inference_layers.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

/// The steps of an InferencePlan: each reads the maps of one buffer and writes those of another. Sizes are of one
/// image.
namespace tundish {

/// The first convolution, out of the planar pixels of the request.
struct PlanarStep {
    PlanarConvShape shape;
    std::vector<float> border, weight, bias;
    Finish finish;
};

struct ConvStep {
    PreparedConv3x3 conv;
};

struct PoolStep {
    std::int64_t height, width, channels;  // of the input
    std::vector<float> bias;
    Finish finish;
};

/// Adds the maps of another buffer to those of its output, in place.
struct AddStep {
    int other;
    std::int64_t floats;
};

/// The maximum over all pixels of each channel.
struct GlobalPoolStep {
    std::int64_t pixels, channels;
};

struct LinearStep {
    std::int64_t in, out;
    std::vector<float> weight;  // in x out, the factor of a Scale behind it included
    std::vector<float> bias;    // out
};

struct InferenceStep {
    std::variant<PlanarStep, ConvStep, PoolStep, AddStep, GlobalPoolStep, LinearStep> operation;
    int input = 0;            // buffer; kPixels: the request's pixels
    int output = 0;           // buffer
    std::int64_t floats = 0;  // of the output

    static constexpr int kPixels = -1;
};

}  // namespace tundish
