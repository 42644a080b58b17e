#define TUNDISH_ISA avx2
#include "model/kernels/inference_layers_kernels.hpp"
#include "model/kernels/planar_conv.hpp"
#include "model/kernels/pool_finish.hpp"

namespace tundish::avx2 {

void planar_convolve(const PlanarConvJob& job, int threads) {
    PlanarConvolution(job, threads).run();
}

void pool_and_finish(const PoolJob& job, int threads) {
    pool_rows(job, threads);
}

}  // namespace tundish::avx2
