// The functions of conv3x3_kernels.hpp, for the instruction set that the including file names.
// Included by one .cpp for each set, which is compiled with the flags of that set.
#pragma once

#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/direct_conv3x3.hpp"
#include "model/kernels/winograd_conv3x3.hpp"

namespace tundish::TUNDISH_ISA {

void convolve(const Conv3x3Job& job, int threads) {
    winograd_convolve(job, threads);
}

void convolve_weight_gradient(const Conv3x3WeightGradientJob& job, int threads) {
    winograd_weight_gradient(job, threads);
}

std::int64_t prepared_floats(const Conv3x3Job& job, int tile) {
    std::int64_t floats = 9 * job.in_channels * job.out_channels;  // of the direct product
    with_tile(tile, [&](auto size) { floats = Convolution<decltype(size)::value>::prepared_floats(job); });
    return floats;
}

void prepare(const Conv3x3Job& job, int tile, float* prepared) {
    if (tile == kDirect) return direct_prepare(job, prepared);
    with_tile(tile, [&](auto size) { Convolution<decltype(size)::value>(job, 1).prepare_into(prepared); });
}

void convolve_prepared(const Conv3x3Job& job, int tile, int threads) {
    if (tile == kDirect) return direct_convolve(job, threads);
    with_tile(tile, [&](auto size) { Convolution<decltype(size)::value>(job, threads).run(); });
}

}  // namespace tundish::TUNDISH_ISA
