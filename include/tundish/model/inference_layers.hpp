// The layers of serving that are not 3x3 convolutions: the first convolution, which reads pixels as they come, and
// pooling with bias and activation. fp32, on the CPU, forward only.
//
// Maps are NHWC as in conv3x3.hpp. Each call uses up to `threads` OpenMP threads; results are the same bits for any
// number of them.
#pragma once

#include <cstdint>

#include "tundish/model/fused_elementwise.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace tundish {

// A convolution with stride 1 over images in planar order (image, channel, row, column).
struct PlanarConvShape {
    std::int64_t batch = 1;
    std::int64_t channels = 3;
    std::int64_t height = 1;
    std::int64_t width = 1;
    std::int64_t kernel = 3;
    std::int64_t padding = 0;
    std::int64_t out_channels = 8;  // a multiple of 8

    [[nodiscard]] std::int64_t out_height() const { return height + 2 * padding - kernel + 1; }
    [[nodiscard]] std::int64_t out_width() const { return width + 2 * padding - kernel + 1; }
};

// `weight`: channels, kernel, kernel, out_channels, so that a tap's weights lie side by side. `border`: what stands for
// pixels outside the image, one for each channel; with normalisation folded into the weights that is the mean.
// `output`: batch, out_height, out_width, out_channels. Throws std::bad_alloc.
void planar_convolve(const PlanarConvShape& shape, const float* input, const float* border, const float* weight,
                     const float* bias, Finish finish, float* output, int threads);

// output = finish(max over 2x2 windows of input + bias). An odd last row or column belongs to no window.
void pool_and_finish(const MaxPoolShape& shape, const float* input, const float* bias, Finish finish, float* output,
                     int threads);

}  // namespace tundish
