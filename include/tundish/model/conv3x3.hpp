// A 3x3 convolution with stride 1 and padding 1 ("same"), forward and both gradients, in fp32 on the CPU.
//
// The algorithm is Winograd's minimal filtering (Lavin & Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015) with tiles of 3, 4, 5 or 7 outputs a side, chosen by the size of the map. It needs 3 to 5
// times fewer multiplications than a direct convolution, which is how it beats a library that runs at peak.
//
// Memory order: activations batch, height, width, channels (NHWC); weights out_channels, 3, 3, in_channels.
// That is what a contiguous channels_last tensor of Torch holds. Nothing may overlap; no alignment is asked
// for.
//
// Accuracy against a double-precision convolution, relative to the RMS of the result: RMS of the error below
// 2e-5 with all tiles; the largest error of any element below 1e-4 with tiles of 3 to 5, and a few 1e-4 with
// tiles of 7 (sides of 6, 7, 13, 14 …). Results are the same bits from run to run for one number of threads
// and one machine.
//
// Threads: each call uses up to `threads` OpenMP threads and returns when all is written. Calls from
// different threads may run at the same time. Working memory belongs to the threads and is kept for their
// next call.
#pragma once

#include <cstdint>

namespace tundish {

// All sizes at least 1; out-of-range sizes are the caller's error and are not checked again in the three
// functions.
struct Conv3x3Shape {
    std::int64_t batch = 1;
    std::int64_t height = 1;
    std::int64_t width = 1;
    std::int64_t in_channels = 8;   // a multiple of 8
    std::int64_t out_channels = 8;  // a multiple of 8
};

// True if this machine (AVX2 and FMA) and this shape can run the functions below: call nothing else if it is
// false.
bool conv3x3_runs(const Conv3x3Shape& shape);

// True if conv3x3_runs() and it is also expected to be faster than a direct convolution: there must be enough
// channels, and enough images to repay transforming the weights. If false, use at::conv2d.
bool conv3x3_supported(const Conv3x3Shape& shape);

// output[n,y,x,o] = sum over dy, dx, i of input[n,y+dy-1,x+dx-1,i] * weight[o,dy,dx,i]. Throws
// std::bad_alloc.
void conv3x3_forward(const Conv3x3Shape& shape, const float* input, const float* weight, float* output, int threads);

// The gradient with respect to input. Throws std::bad_alloc.
void conv3x3_input_gradient(const Conv3x3Shape& shape, const float* output_gradient, const float* weight,
                            float* input_gradient, int threads);

// The gradient with respect to weight; overwrites weight_gradient. Throws std::bad_alloc.
void conv3x3_weight_gradient(const Conv3x3Shape& shape, const float* input, const float* output_gradient,
                             float* weight_gradient, int threads);

}  // namespace tundish
