#include "tundish/model/conv3x3.hpp"

#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/instruction_set.hpp"

namespace tundish {
namespace {

InstructionSet instruction_set(std::int64_t in_channels, std::int64_t out_channels) {
    return best_instruction_set(in_channels | out_channels);  // a power of two divides both if it divides the union
}

void convolve(const Conv3x3Job& job, int threads) {
    bool avx512 = instruction_set(job.in_channels, job.out_channels) == InstructionSet::kAvx512;
    return avx512 ? avx512::convolve(job, threads) : avx2::convolve(job, threads);
}

}  // namespace

bool conv3x3_runs(const Conv3x3Shape& shape) {
    return shape.batch >= 1 && shape.height >= 1 && shape.width >= 1 && shape.in_channels >= 1 &&
           shape.out_channels >= 1 && instruction_set(shape.in_channels, shape.out_channels) != InstructionSet::kNone;
}

bool conv3x3_supported(const Conv3x3Shape& shape) {
    constexpr std::int64_t kFewestChannels = 16, kFewestPixels = 800;
    return conv3x3_runs(shape) && shape.in_channels >= kFewestChannels && shape.out_channels >= kFewestChannels &&
           shape.height >= 3 && shape.width >= 3 && shape.batch * shape.height * shape.width >= kFewestPixels;
}

void conv3x3_forward(const Conv3x3Shape& shape, const float* input, const float* weight, float* output, int threads) {
    Conv3x3Job job{.batch = shape.batch,
                   .height = shape.height,
                   .width = shape.width,
                   .in_channels = shape.in_channels,
                   .out_channels = shape.out_channels,
                   .input = input,
                   .weight = weight,
                   .output = output,
                   .weight_in_stride = 1,
                   .weight_out_stride = 9 * shape.in_channels,
                   .weight_row_stride = 3 * shape.in_channels,
                   .weight_column_stride = shape.in_channels};
    convolve(job, threads);
}

// The same convolution with the channels' roles swapped and the weights turned by half a turn.
void conv3x3_input_gradient(const Conv3x3Shape& shape, const float* output_gradient, const float* weight,
                            float* input_gradient, int threads) {
    Conv3x3Job job{.batch = shape.batch,
                   .height = shape.height,
                   .width = shape.width,
                   .in_channels = shape.out_channels,
                   .out_channels = shape.in_channels,
                   .input = output_gradient,
                   .weight = weight + 8 * shape.in_channels,
                   .output = input_gradient,
                   .weight_in_stride = 9 * shape.in_channels,
                   .weight_out_stride = 1,
                   .weight_row_stride = -3 * shape.in_channels,
                   .weight_column_stride = -shape.in_channels};
    convolve(job, threads);
}

void conv3x3_weight_gradient(const Conv3x3Shape& shape, const float* input, const float* output_gradient,
                             float* weight_gradient, int threads) {
    Conv3x3WeightGradientJob job{.batch = shape.batch,
                                 .height = shape.height,
                                 .width = shape.width,
                                 .in_channels = shape.in_channels,
                                 .out_channels = shape.out_channels,
                                 .input = input,
                                 .output_gradient = output_gradient,
                                 .weight_gradient = weight_gradient};
    bool avx512 = instruction_set(shape.in_channels, shape.out_channels) == InstructionSet::kAvx512;
    return avx512 ? avx512::convolve_weight_gradient(job, threads) : avx2::convolve_weight_gradient(job, threads);
}

}  // namespace tundish
