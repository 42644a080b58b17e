#include "tundish/model/fused_elementwise.hpp"

#include "model/kernels/fused_elementwise_kernels.hpp"
#include "model/kernels/instruction_set.hpp"

namespace tundish {
namespace {

bool use_avx512(std::int64_t channels) {
    return best_instruction_set(channels) == InstructionSet::kAvx512;
}

}  // namespace

bool fused_elementwise_supported(std::int64_t channels) {
    return channels >= 1 && best_instruction_set(channels) != InstructionSet::kNone;
}

void batch_norm_gelu_forward(const BatchNormShape& shape, const float* input, const float* bias, float* output,
                             BatchNormStatistics statistics, int threads) {
    NormGeluJob job{.rows = shape.rows,
                    .channels = shape.channels,
                    .epsilon = shape.epsilon,
                    .input = input,
                    .bias = bias,
                    .mean = statistics.mean,
                    .variance = statistics.variance,
                    .output = output,
                    .output_gradient = nullptr,
                    .input_gradient = nullptr,
                    .bias_gradient = nullptr};
    use_avx512(shape.channels) ? avx512::norm_gelu_forward(job, threads) : avx2::norm_gelu_forward(job, threads);
}

void batch_norm_gelu_backward(const BatchNormShape& shape, const float* input, const float* bias,
                              BatchNormStatistics statistics, const float* output_gradient, float* input_gradient,
                              float* bias_gradient, int threads) {
    NormGeluJob job{.rows = shape.rows,
                    .channels = shape.channels,
                    .epsilon = shape.epsilon,
                    .input = input,
                    .bias = bias,
                    .mean = statistics.mean,
                    .variance = statistics.variance,
                    .output = nullptr,
                    .output_gradient = output_gradient,
                    .input_gradient = input_gradient,
                    .bias_gradient = bias_gradient};
    use_avx512(shape.channels) ? avx512::norm_gelu_backward(job, threads) : avx2::norm_gelu_backward(job, threads);
}

void bias_gelu_forward(std::int64_t rows, std::int64_t channels, const float* input, const float* bias, float* output,
                       int threads) {
    NormGeluJob job{};
    job.rows = rows;
    job.channels = channels;
    job.input = input;
    job.bias = bias;
    job.output = output;
    use_avx512(channels) ? avx512::bias_gelu_forward(job, threads) : avx2::bias_gelu_forward(job, threads);
}

void bias_gelu_backward(std::int64_t rows, std::int64_t channels, const float* input, const float* bias,
                        const float* output_gradient, float* input_gradient, float* bias_gradient, int threads) {
    NormGeluJob job{};
    job.rows = rows;
    job.channels = channels;
    job.input = input;
    job.bias = bias;
    job.output_gradient = output_gradient;
    job.input_gradient = input_gradient;
    job.bias_gradient = bias_gradient;
    use_avx512(channels) ? avx512::bias_gelu_backward(job, threads) : avx2::bias_gelu_backward(job, threads);
}

void max_pool_forward(const MaxPoolShape& shape, const float* input, float* output, std::uint8_t* winner, int threads) {
    use_avx512(shape.channels) ? avx512::max_pool_forward(shape, input, output, winner, threads)
                               : avx2::max_pool_forward(shape, input, output, winner, threads);
}

void max_pool_backward(const MaxPoolShape& shape, const float* output_gradient, const std::uint8_t* winner,
                       float* input_gradient, int threads) {
    use_avx512(shape.channels) ? avx512::max_pool_backward(shape, output_gradient, winner, input_gradient, threads)
                               : avx2::max_pool_backward(shape, output_gradient, winner, input_gradient, threads);
}

}  // namespace tundish
