// The passes between convolutions, fused so that each tensor is read and written as seldom as possible: batch
// norm with GELU, GELU alone, and 2x2 max-pooling. fp32, on the CPU, forward and backward.
//
// Memory order: batch, height, width, channels (NHWC), so a map is `rows` (batch · height · width) by
// `channels`. Inputs and outputs must not overlap; no alignment is asked for. GELU is the exact form x·Φ(x),
// computed with the erf of Abramowitz & Stegun 7.1.26: absolute error below 1e-6 up to |x| = 8, relative
// error below 2e-7 beyond.
//
// Threads: each call uses up to `threads` OpenMP threads and returns when all is written. Results are the
// same bits for any number of threads. Functions that reduce throw std::bad_alloc when working memory is
// missing.
#pragma once

#include <cstdint>

namespace tundish {

// True if this machine (AVX2 and FMA) and this number of channels (a multiple of 8) can run the functions
// below.
bool fused_elementwise_supported(std::int64_t channels);

// Batch norm over the rows of each channel, with weight fixed at 1.
struct BatchNormShape {
    std::int64_t rows = 1;      // at least 1
    std::int64_t channels = 8;  // a multiple of 8
    float epsilon = 1e-12F;     // is added to the variance
};

// Per channel, written by the forward pass, and read by the backward pass.
struct BatchNormStatistics {
    float* mean;
    float* variance;  // biased: the sum of squares over rows
};

// output = gelu((input − mean) / sqrt(variance + epsilon) + bias), with the statistics of this batch.
void batch_norm_gelu_forward(const BatchNormShape& shape, const float* input, const float* bias, float* output,
                             BatchNormStatistics statistics, int threads);

// Overwrites input_gradient and bias_gradient. Two sweeps; GELU is computed again rather than stored.
void batch_norm_gelu_backward(const BatchNormShape& shape, const float* input, const float* bias,
                              BatchNormStatistics statistics, const float* output_gradient, float* input_gradient,
                              float* bias_gradient, int threads);

// output = gelu(input + bias), with a bias per channel.
void bias_gelu_forward(std::int64_t rows, std::int64_t channels, const float* input, const float* bias, float* output,
                       int threads);

// Overwrites input_gradient and bias_gradient.
void bias_gelu_backward(std::int64_t rows, std::int64_t channels, const float* input, const float* bias,
                        const float* output_gradient, float* input_gradient, float* bias_gradient, int threads);

// Max-pooling over 2x2 windows that do not overlap; an odd last row or column of the input belongs to no
// window.
struct MaxPoolShape {
    std::int64_t batch = 1;
    std::int64_t height = 2;    // of the input, at least 2
    std::int64_t width = 2;     // of the input, at least 2
    std::int64_t channels = 8;  // a multiple of 8
};

// output and winner: batch, height/2, width/2, channels. winner is 0..3, the place in the window (row by row)
// of the first largest value; NaN counts as largest.
void max_pool_forward(const MaxPoolShape& shape, const float* input, float* output, std::uint8_t* winner, int threads);

// Overwrites input_gradient.
void max_pool_backward(const MaxPoolShape& shape, const float* output_gradient, const std::uint8_t* winner,
                       float* input_gradient, int threads);

}  // namespace tundish
