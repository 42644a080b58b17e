#define TUNDISH_ISA avx2
#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/direct_conv3x3.hpp"
#include "model/kernels/winograd_conv3x3.hpp"

namespace tundish::avx2 {

void convolve(const Conv3x3Job& job, int threads) {
    winograd_convolve(job, threads);
}

void convolve_weight_gradient(const Conv3x3WeightGradientJob& job, int threads) {
    winograd_weight_gradient(job, threads);
}

void prepare(const Conv3x3Job& job, int tile, float* prepared) {
    if (tile == kDirect) return direct_prepare(job, prepared);
    with_tile(tile, [&](auto size) { Convolution<decltype(size)::value>(job, 1).prepare_into(prepared); });
}

void convolve_prepared(const Conv3x3Job& job, int tile, int threads) {
    if (tile == kDirect) return direct_convolve(job, threads);
    with_tile(tile, [&](auto size) { Convolution<decltype(size)::value>(job, threads).run(); });
}

}  // namespace tundish::avx2
