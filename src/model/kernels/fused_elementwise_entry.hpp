// The functions of fused_elementwise_kernels.hpp, for the instruction set that the including file names.
// Included by one .cpp for each set, which is compiled with the flags of that set.
#pragma once

#include "model/kernels/fused_elementwise_kernels.hpp"
#include "model/kernels/max_pool.hpp"
#include "model/kernels/norm_gelu.hpp"

namespace tundish::TUNDISH_ISA {

void norm_gelu_forward(const NormGeluJob& job, int threads) {
    NormGelu(job, threads).forward();
}

void norm_gelu_backward(const NormGeluJob& job, int threads) {
    NormGelu(job, threads).backward();
}

void bias_gelu_forward(const NormGeluJob& job, int threads) {
    bias_gelu(job, threads);
}

void bias_gelu_backward(const NormGeluJob& job, int threads) {
    bias_gelu_gradient(job, threads);
}

void max_pool_forward(const MaxPoolShape& shape, const float* input, float* output, std::uint8_t* winner, int threads) {
    max_pool(shape, input, output, winner, threads);
}

void max_pool_backward(const MaxPoolShape& shape, const float* output_gradient, const std::uint8_t* winner,
                       float* input_gradient, int threads) {
    max_pool_gradient(shape, output_gradient, winner, input_gradient, threads);
}

}  // namespace tundish::TUNDISH_ISA
