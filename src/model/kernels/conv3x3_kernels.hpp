// What conv3x3.cpp calls: one set of kernels for each instruction set.
#pragma once

#include "tundish/model/conv3x3.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace tundish {

// One convolution of a map with transformed weights: forward, or the input gradient with in and out swapped.
struct Conv3x3Job {
    std::int64_t batch, height, width, in_channels, out_channels;
    const float* input;
    const float* weight;
    float* output;
    // Where weight (in, out, dy, dx) lies: weight + in*in_stride + out*out_stride + dy*row_stride +
    // dx*column_stride.
    std::int64_t weight_in_stride, weight_out_stride, weight_row_stride, weight_column_stride;
    // What serving adds: weights transformed before (then `weight` is not read), and what follows the convolution.
    const float* prepared = nullptr;
    const float* bias = nullptr;
    Finish finish = Finish::none;
};

struct Conv3x3WeightGradientJob {
    std::int64_t batch, height, width, in_channels, out_channels;
    const float* input;
    const float* output_gradient;
    float* weight_gradient;
};

namespace avx2 {
void convolve(const Conv3x3Job& job, int threads);
void convolve_weight_gradient(const Conv3x3WeightGradientJob& job, int threads);
std::int64_t prepared_floats(const Conv3x3Job& job, int tile);
void prepare(const Conv3x3Job& job, int tile, float* prepared);  // tile: of Winograd, or PreparedConv3x3::kDirect
void convolve_prepared(const Conv3x3Job& job, int tile, int threads);
}  // namespace avx2

namespace avx512 {  // channels: multiples of 16
void convolve(const Conv3x3Job& job, int threads);
void convolve_weight_gradient(const Conv3x3WeightGradientJob& job, int threads);
std::int64_t prepared_floats(const Conv3x3Job& job, int tile);
void prepare(const Conv3x3Job& job, int tile, float* prepared);  // tile: of Winograd, or PreparedConv3x3::kDirect
void convolve_prepared(const Conv3x3Job& job, int tile, int threads);
}  // namespace avx512

namespace amx {  // where amx_bf16_runs(); in_channels: a multiple of 8, out_channels: of 16
std::int64_t prepared_floats(const Conv3x3Job& job);
void prepare(const Conv3x3Job& job, float* prepared);
void convolve_prepared(const Conv3x3Job& job, int threads);
}  // namespace amx

}  // namespace tundish
