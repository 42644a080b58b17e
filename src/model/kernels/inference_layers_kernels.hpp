// What inference_layers.cpp calls: one set of kernels for each instruction set.
#pragma once

#include "tundish/model/inference_layers.hpp"

namespace tundish {

struct PlanarConvJob {
    PlanarConvShape shape;
    const float* input;
    const float* border;
    const float* weight;
    const float* bias;
    Finish finish;
    float* output;
};

struct PoolJob {
    MaxPoolShape shape;
    const float* input;
    const float* bias;
    Finish finish;
    float* output;
};

#define TUNDISH_DECLARE_INFERENCE(isa)                           \
    namespace isa {                                              \
    void planar_convolve(const PlanarConvJob& job, int threads); \
    void pool_and_finish(const PoolJob& job, int threads);       \
    }
TUNDISH_DECLARE_INFERENCE(avx2)
TUNDISH_DECLARE_INFERENCE(avx512)  // channels: multiples of 16
#undef TUNDISH_DECLARE_INFERENCE

}  // namespace tundish
