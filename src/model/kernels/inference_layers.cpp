#include "tundish/model/inference_layers.hpp"

#include "model/kernels/inference_layers_kernels.hpp"
#include "model/kernels/instruction_set.hpp"

namespace tundish {
namespace {

bool use_avx512(std::int64_t channels) {
    return best_instruction_set(channels) == InstructionSet::kAvx512;
}

}  // namespace

void planar_convolve(const PlanarConvShape& shape, const float* input, const float* border, const float* weight,
                     const float* bias, Finish finish, float* output, int threads) {
    const PlanarConvJob job{shape, input, border, weight, bias, finish, output};
    use_avx512(shape.out_channels) ? avx512::planar_convolve(job, threads) : avx2::planar_convolve(job, threads);
}

void pool_and_finish(const MaxPoolShape& shape, const float* input, const float* bias, Finish finish, float* output,
                     int threads) {
    const PoolJob job{shape, input, bias, finish, output};
    use_avx512(shape.channels) ? avx512::pool_and_finish(job, threads) : avx2::pool_and_finish(job, threads);
}

}  // namespace tundish
