#define TUNDISH_ISA avx512
#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/winograd_conv3x3.hpp"

namespace tundish::avx512 {

void convolve(const Conv3x3Job& job, int threads) {
    winograd_convolve(job, threads);
}

void convolve_weight_gradient(const Conv3x3WeightGradientJob& job, int threads) {
    winograd_weight_gradient(job, threads);
}

}  // namespace tundish::avx512
