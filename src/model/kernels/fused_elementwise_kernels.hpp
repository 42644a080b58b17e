// What fused_elementwise.cpp calls: one set of kernels for each instruction set.
#pragma once

#include "tundish/model/fused_elementwise.hpp"

namespace tundish {

// Arrays of one batch norm with GELU; of bias with GELU: mean and variance are null. Gradients only for
// backward.
struct NormGeluJob {
    std::int64_t rows, channels;
    float epsilon;
    const float* input;
    const float* bias;
    float* mean;
    float* variance;
    float* output;
    const float* output_gradient;
    float* input_gradient;
    float* bias_gradient;
};

#define TUNDISH_DECLARE_ELEMENTWISE(isa)                                                                        \
    namespace isa {                                                                                             \
    void norm_gelu_forward(const NormGeluJob& job, int threads);                                                \
    void norm_gelu_backward(const NormGeluJob& job, int threads);                                               \
    void bias_gelu_forward(const NormGeluJob& job, int threads);                                                \
    void bias_gelu_backward(const NormGeluJob& job, int threads);                                               \
    void max_pool_forward(const MaxPoolShape& shape, const float* input, float* output, std::uint8_t* winner,   \
                          int threads);                                                                         \
    void max_pool_backward(const MaxPoolShape& shape, const float* output_gradient, const std::uint8_t* winner, \
                           float* input_gradient, int threads);                                                 \
    }
TUNDISH_DECLARE_ELEMENTWISE(avx2)
TUNDISH_DECLARE_ELEMENTWISE(avx512)  // channels: multiples of 16
#undef TUNDISH_DECLARE_ELEMENTWISE

}  // namespace tundish
