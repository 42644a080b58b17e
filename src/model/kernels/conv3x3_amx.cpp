#define TUNDISH_ISA amx
#include "model/kernels/tile_conv3x3.hpp"

namespace tundish::amx {

std::int64_t prepared_floats(const Conv3x3Job& job) {
    return tile_prepared_floats(job);
}

void prepare(const Conv3x3Job& job, float* prepared) {
    tile_prepare(job, prepared);
}

void convolve_prepared(const Conv3x3Job& job, int threads) {
    TileConvolution(job, threads).run();
}

}  // namespace tundish::amx
