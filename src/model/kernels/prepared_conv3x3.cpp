#include "tundish/model/prepared_conv3x3.hpp"

#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/instruction_set.hpp"
#include "model/kernels/scratch_buffer.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <stdexcept>

namespace tundish {
namespace {

constexpr std::array kAlgorithms{PreparedConv3x3::kDirect, 3, 4, 5, 7};

InstructionSet instruction_set(const MapShape& shape) {
    return best_instruction_set(shape.in_channels | shape.out_channels);  // see conv3x3.cpp
}

std::int64_t points(int algorithm) {
    return algorithm == PreparedConv3x3::kDirect ? 9 : (algorithm + 2) * (algorithm + 2);
}

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

// Products for each pair of channels, and what else costs as much: weights that are read once for every block of
// tiles, and the transforms, whose share grows as there are fewer channels to repay them.
double cost(int algorithm, std::int64_t batch, const MapShape& shape) {
    if (algorithm == PreparedConv3x3::kAmx) return 0;      // prepared only where it is wanted
    constexpr double kReadingWeight = 6, kTransform = 40;  // in products; measured with prepared_conv_bench
    const bool direct = algorithm == PreparedConv3x3::kDirect;
    const int tile = direct ? 1 : algorithm;
    const std::int64_t tiles = batch * divide_up(shape.height, tile) * divide_up(shape.width, tile);
    const double channels =
        1.0 / static_cast<double>(shape.in_channels) + 1.0 / static_cast<double>(shape.out_channels);
    const double transforms = direct ? 0.0 : kTransform * channels;
    return static_cast<double>(points(algorithm)) * (static_cast<double>(tiles) * (1 + transforms) + kReadingWeight);
}

template <typename Algorithms>
int cheapest(const Algorithms& algorithms, std::int64_t batch, const MapShape& shape) {
    return *std::ranges::min_element(algorithms, {}, [&](int algorithm) { return cost(algorithm, batch, shape); });
}

Conv3x3Job make_job(const MapShape& shape, std::int64_t batch) {
    return {.batch = batch,
            .height = shape.height,
            .width = shape.width,
            .in_channels = shape.in_channels,
            .out_channels = shape.out_channels,
            .input = nullptr,
            .weight = nullptr,
            .output = nullptr,
            .weight_in_stride = shape.out_channels,
            .weight_out_stride = 1,
            .weight_row_stride = 3 * shape.in_channels * shape.out_channels,
            .weight_column_stride = shape.in_channels * shape.out_channels};
}

}  // namespace

bool PreparedConv3x3::runs(const MapShape& shape, Products products) {
    if (products == Products::bf16 && (!amx_bf16_runs() || shape.out_channels % 16 != 0)) return false;
    return shape.height >= 1 && shape.width >= 1 && shape.in_channels >= 1 && shape.out_channels >= 1 &&
           instruction_set(shape) != InstructionSet::kNone;
}

// Two algorithms are enough: weights of the large tiles take up to nine times the memory of the filters, and writing
// them is most of the time that loading a model takes.
PreparedConv3x3::PreparedConv3x3(const MapShape& shape, const float* weight, std::vector<float> bias, Finish finish,
                                 std::int64_t largest_batch, Products products)
    : PreparedConv3x3(shape, weight, std::move(bias), finish,
                      products == Products::bf16
                          ? std::vector{kAmx}
                          : std::vector{cheapest(kAlgorithms, 1, shape), cheapest(kAlgorithms, largest_batch, shape)}) {
}

PreparedConv3x3::PreparedConv3x3(const MapShape& shape, const float* weight, std::vector<float> bias, Finish finish,
                                 const std::vector<int>& algorithms)
    : shape_(shape), bias_(std::move(bias)), finish_(finish) {
    for (const int algorithm : algorithms) prepare(algorithm, weight);
}

PreparedConv3x3::PreparedConv3x3(PreparedConv3x3&&) noexcept = default;
PreparedConv3x3::~PreparedConv3x3() = default;

void PreparedConv3x3::prepare(int algorithm, const float* weight) {
    auto& prepared = weights_[algorithm];
    if (prepared) return;
    prepared = std::make_unique<ScratchBuffer>();
    Conv3x3Job job = make_job(shape_, 1);
    job.weight = weight;
    if (algorithm == kAmx) {
        amx::prepare(job, prepared->request(static_cast<std::size_t>(amx::prepared_floats(job))));
        return;
    }
    const bool wide = instruction_set(shape_) == InstructionSet::kAvx512;
    const std::int64_t floats = wide ? avx512::prepared_floats(job, algorithm) : avx2::prepared_floats(job, algorithm);
    float* to = prepared->request(static_cast<std::size_t>(floats));
    wide ? avx512::prepare(job, algorithm, to) : avx2::prepare(job, algorithm, to);
}

int PreparedConv3x3::algorithm_for(std::int64_t batch) const {
    return cheapest(std::views::keys(weights_), batch, shape_);
}

void PreparedConv3x3::run(std::int64_t batch, const float* input, float* output, int threads) const {
    run_as(algorithm_for(batch), batch, input, output, threads);
}

void PreparedConv3x3::run_as(int algorithm, std::int64_t batch, const float* input, float* output, int threads) const {
    Conv3x3Job job = make_job(shape_, batch);
    job.input = input;
    job.output = output;
    job.prepared = weights_.at(algorithm)->data();
    job.bias = bias_.data();
    job.finish = finish_;
    if (algorithm == kAmx) return amx::convolve_prepared(job, threads);
    instruction_set(shape_) == InstructionSet::kAvx512 ? avx512::convolve_prepared(job, algorithm, threads)
                                                       : avx2::convolve_prepared(job, algorithm, threads);
}

}  // namespace tundish
