// C = A·B, or C += A·B, for blocks that lie in cache: the products of one Winograd frequency.
//
// C is computed in register blocks of kRows × (kVectors · kLanes). A is read by element and broadcast, so it
// may lie in either order; B and C are read in whole vectors along their columns.
#pragma once

#include "model/kernels/simd_vector.hpp"

namespace tundish::TUNDISH_ISA {

struct GemmBlock {
    const float* a;  // element (row, k) at a[row*a_row_stride + k*a_depth_stride]
    std::int64_t a_row_stride, a_depth_stride;
    const float* b;               // see b_panel_stride
    std::int64_t b_depth_stride;  // 0: B is packed, each panel of columns is contiguous, depth by depth
    float* c;
    std::int64_t c_row_stride;
    std::int64_t rows, columns, depth;  // columns: a multiple of kLanes
    bool accumulate;
};

// 2 vectors by 6 rows (or 3 by 4) fill 12 of AVX2's 16 registers with sums, enough to hide the latency of
// FMA.
inline constexpr int kMaxPanelVectors = 3;
template <int kVectors>
inline constexpr int kMaxRows = (kVectors == 3 ? 4 : 6) * (kLanes == 16 ? 2 : 1);

// The width of the next panel: 2 vectors, and 3 at the end of an odd count, because 1 vector runs at half
// speed.
inline int panel_vectors(std::int64_t columns_left) {
    std::int64_t vectors = columns_left / kLanes;
    return vectors == 1 || vectors == 3 ? static_cast<int>(vectors) : 2;
}

template <int kRows, int kVectors, bool kDepthContiguous>
[[gnu::always_inline]] inline void multiply_registers(const GemmBlock& block, const float* a, const float* b,
                                                      std::int64_t b_stride, float* c) {
    const std::int64_t row_stride = kDepthContiguous ? block.a_row_stride : 1;
    const std::int64_t depth_stride = kDepthContiguous ? 1 : block.a_depth_stride;
    Vec sum[kRows][kVectors] = {};
    for (std::int64_t k = block.depth; k > 0; --k) {
        Vec right[kVectors];
        unroll<kVectors>([&](auto v) { right[v] = load(b + v * kLanes); });
        unroll<kRows>([&](auto r) {
            const float left = a[r * row_stride];
            unroll<kVectors>([&](auto v) { sum[r][v] += left * right[v]; });
        });
        a += depth_stride;
        b += b_stride;
    }
    const std::int64_t c_row_stride = block.c_row_stride;
    if (block.accumulate) {
        unroll<kRows>(
            [&](auto r) { unroll<kVectors>([&](auto v) { sum[r][v] += load(c + r * c_row_stride + v * kLanes); }); });
    }
    unroll<kRows>(
        [&](auto r) { unroll<kVectors>([&](auto v) { store(c + r * c_row_stride + v * kLanes, sum[r][v]); }); });
}

// The last, smaller set of rows: finds the instance that has as many.
template <int kRows, int kVectors, bool kDepthContiguous>
void multiply_last_rows(const GemmBlock& block, std::int64_t rows, const float* a, const float* b,
                        std::int64_t b_stride, float* c) {
    if (rows == kRows) return multiply_registers<kRows, kVectors, kDepthContiguous>(block, a, b, b_stride, c);
    if constexpr (kRows > 1) {
        multiply_last_rows<kRows - 1, kVectors, kDepthContiguous>(block, rows, a, b, b_stride, c);
    }
}

template <int kVectors, bool kDepthContiguous>
void multiply_panel(const GemmBlock& block, const float* b, std::int64_t b_stride, float* c) {
    constexpr int kRows = kMaxRows<kVectors>;
    const std::int64_t row_stride = kDepthContiguous ? block.a_row_stride : 1;
    std::int64_t row = 0;
    for (; row + kRows <= block.rows; row += kRows) {
        multiply_registers<kRows, kVectors, kDepthContiguous>(block, block.a + row * row_stride, b, b_stride,
                                                              c + row * block.c_row_stride);
    }
    if (row == block.rows) return;
    multiply_last_rows<kRows - 1, kVectors, kDepthContiguous>(block, block.rows - row, block.a + row * row_stride, b,
                                                              b_stride, c + row * block.c_row_stride);
}

// kDepthContiguous says which of A's strides is 1.
template <bool kDepthContiguous>
void multiply(const GemmBlock& block) {
    for (std::int64_t column = 0; column < block.columns;) {
        int vectors = panel_vectors(block.columns - column);
        bool packed = block.b_depth_stride == 0;
        const float* b = block.b + column * (packed ? block.depth : 1);
        std::int64_t b_stride = packed ? vectors * kLanes : block.b_depth_stride;
        float* c = block.c + column;
        if (vectors == 1) multiply_panel<1, kDepthContiguous>(block, b, b_stride, c);
        if (vectors == 2) multiply_panel<2, kDepthContiguous>(block, b, b_stride, c);
        if (vectors == 3) multiply_panel<3, kDepthContiguous>(block, b, b_stride, c);
        column += vectors * kLanes;
    }
}

}  // namespace tundish::TUNDISH_ISA
