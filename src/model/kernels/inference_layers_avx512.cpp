#define TUNDISH_ISA avx512
#include "model/kernels/inference_layers_kernels.hpp"
#include "model/kernels/planar_conv.hpp"
#include "model/kernels/pool_finish.hpp"

namespace tundish::avx512 {

void planar_convolve(const PlanarConvJob& job, int threads) {
    PlanarConvolution(job, threads).run();
}

void pool_and_finish(const PoolJob& job, int threads) {
    pool_rows(job, threads);
}

}  // namespace tundish::avx512
