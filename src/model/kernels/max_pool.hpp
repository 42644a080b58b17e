// 2x2 max-pooling with stride 2 over NHWC maps, one row of windows at a time.
#pragma once

#include "model/kernels/fused_elementwise_kernels.hpp"
#include "model/kernels/vector_gelu.hpp"

#include <cstring>

namespace tundish::TUNDISH_ISA {

using ByteVec = std::uint8_t __attribute__((vector_size(kLanes)));

// Offsets of a window's four pixels from its first, in floats, row by row.
struct PoolWindow {
    std::int64_t offset[4];
    explicit PoolWindow(const MaxPoolShape& shape)
        : offset{0, shape.channels, shape.width * shape.channels, (shape.width + 1) * shape.channels} {}
};

// kLanes channels of one window.
inline void pool_window(const PoolWindow& window, const float* input, float* output, std::uint8_t* winner) {
    Vec largest = load(input);
    IntVec place{};
    unroll<3>([&](auto i) {
        Vec value = load(input + window.offset[i + 1]);
        auto wins = (value > largest) | (value != value);
        largest = wins ? value : largest;
        place = wins ? IntVec{} + (i + 1) : place;
    });
    store(output, largest);
    ByteVec bytes = __builtin_convertvector(place, ByteVec);
    std::memcpy(winner, &bytes, kLanes);
}

inline void unpool_window(const PoolWindow& window, const float* output_gradient, const std::uint8_t* winner,
                          float* input_gradient) {
    ByteVec bytes;
    std::memcpy(&bytes, winner, kLanes);
    IntVec place = __builtin_convertvector(bytes, IntVec);
    Vec gradient = load(output_gradient);
    unroll<4>(
        [&](auto i) { store(input_gradient + window.offset[i], place == static_cast<int>(i) ? gradient : Vec{}); });
}

// Calls body(first input pixel of the window, output pixel) for the windows of row `row` of the whole batch.
template <class Body>
void for_each_window(const MaxPoolShape& shape, std::int64_t row, Body body) {
    const std::int64_t rows = shape.height / 2, columns = shape.width / 2;
    std::int64_t input_row = row / rows * shape.height + row % rows * 2;
    for (std::int64_t column = 0; column < columns; ++column) {
        body(input_row * shape.width + 2 * column, row * columns + column);
    }
}

inline void max_pool(const MaxPoolShape& shape, const float* input, float* output, std::uint8_t* winner, int threads) {
    const PoolWindow window(shape);
    const std::int64_t rows = shape.batch * (shape.height / 2), channels = shape.channels;
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads)
    for (std::int64_t row = 0; row < rows; ++row) {
        for_each_window(shape, row, [&](std::int64_t from, std::int64_t to) {
            for (std::int64_t c = 0; c < channels; c += kLanes) {
                pool_window(window, input + from * channels + c, output + to * channels + c,
                            winner + to * channels + c);
            }
        });
    }
}

// What no window covers, below or to the right of window row `row`, gets no gradient.
inline void clear_rest(const MaxPoolShape& shape, std::int64_t row, float* input_gradient) {
    const std::int64_t rows = shape.height / 2, line = shape.width * shape.channels;
    float* top = input_gradient + (row / rows * shape.height + row % rows * 2) * line;
    if (shape.width % 2 == 1) {
        std::memset(top + line - shape.channels, 0, shape.channels * sizeof(float));
        std::memset(top + 2 * line - shape.channels, 0, shape.channels * sizeof(float));
    }
    if (shape.height % 2 == 1 && row % rows == rows - 1) std::memset(top + 2 * line, 0, line * sizeof(float));
}

inline void max_pool_gradient(const MaxPoolShape& shape, const float* output_gradient, const std::uint8_t* winner,
                              float* input_gradient, int threads) {
    const PoolWindow window(shape);
    const std::int64_t rows = shape.batch * (shape.height / 2), channels = shape.channels;
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads)
    for (std::int64_t row = 0; row < rows; ++row) {
        for_each_window(shape, row, [&](std::int64_t to, std::int64_t from) {
            for (std::int64_t c = 0; c < channels; c += kLanes) {
                unpool_window(window, output_gradient + from * channels + c, winner + from * channels + c,
                              input_gradient + to * channels + c);
            }
        });
        clear_rest(shape, row, input_gradient);
    }
}

}  // namespace tundish::TUNDISH_ISA
