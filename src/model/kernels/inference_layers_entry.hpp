// The functions of inference_layers_kernels.hpp, for the instruction set that the including file names.
// Included by one .cpp for each set, which is compiled with the flags of that set.
#pragma once

#include "model/kernels/inference_layers_kernels.hpp"
#include "model/kernels/planar_conv.hpp"
#include "model/kernels/pool_finish.hpp"

namespace tundish::TUNDISH_ISA {

void planar_convolve(const PlanarConvJob& job, int threads) {
    PlanarConvolution(job, threads).run();
}

void pool_and_finish(const PoolJob& job, int threads) {
    pool_rows(job, threads);
}

}  // namespace tundish::TUNDISH_ISA
