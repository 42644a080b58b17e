#define TUNDISH_ISA amx
#include "model/kernels/amx_conv3x3.hpp"

namespace tundish::amx {

std::int64_t prepared_floats(const Conv3x3Job& job) {
    return amx_prepared_floats(job);
}

void prepare(const Conv3x3Job& job, float* prepared) {
    amx_prepare(job, prepared);
}

void convolve_prepared(const Conv3x3Job& job, int threads) {
    AmxConvolution(job, threads).run();
}

}  // namespace tundish::amx
