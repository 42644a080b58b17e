// The transforms of Winograd convolution, on tiles whose elements are vectors of channels.
//
// In the names of Lavin & Gray: input is B^T d B, weight G g G^T, output A^T m A, and for the weight gradient
// output_gradient A d A^T and weight_gradient G^T u G. Each is a one-dimensional transform applied to rows,
// then to columns. Frequencies of a tile lie `frequency_stride` floats apart.
#pragma once

#include "model/kernels/simd_vector.hpp"
#include "model/kernels/winograd_basis.hpp"

namespace tundish::TUNDISH_ISA {

template <int kTile>
struct WinogradTransform {
    using Basis = WinogradBasis<kTile>;
    static constexpr Basis kBasis{};
    static constexpr int kPoints = Basis::kPoints, kPairs = Basis::kPairs, kZero = Basis::kZero;

    // B^T: kPoints values to kPoints frequencies.
    struct Input {
        static constexpr int kFrom = kPoints, kTo = kPoints;
        [[gnu::always_inline]] static void apply(const Vec* d, Vec* frequency) {
            unroll<kPairs>([&](auto pair) {
                Vec even = d[2 * (kPairs - 1) + kZero], odd = d[2 * (kPairs - 1) + 1 + kZero];
                unroll<kPairs - 1>([&](auto k) {
                    even += kBasis.other_pairs[pair][k] * d[2 * k + kZero];
                    odd += kBasis.other_pairs[pair][k] * d[2 * k + 1 + kZero];
                });
                frequency[kZero + 2 * pair] = odd + kBasis.point[pair] * even;
                frequency[kZero + 2 * pair + 1] = odd - kBasis.point[pair] * even;
            });
            frequency[kPoints - 1] = all_pairs(d + kZero);
            if constexpr (kZero) frequency[0] = all_pairs(d);
        }
        [[gnu::always_inline]] static Vec all_pairs(const Vec* d) {
            Vec sum = d[2 * kPairs];
            unroll<kPairs>([&](auto k) { sum += kBasis.all_pairs[k] * d[2 * k]; });
            return sum;
        }
    };

    // A^T: kPoints frequencies to kTile outputs.
    struct Output {
        static constexpr int kFrom = kPoints, kTo = kTile;
        [[gnu::always_inline]] static void apply(const Vec* frequency, Vec* out) {
            Vec sum[kPairs], difference[kPairs];
            unroll<kPairs>([&](auto pair) {
                sum[pair] = frequency[kZero + 2 * pair] + frequency[kZero + 2 * pair + 1];
                difference[pair] = frequency[kZero + 2 * pair] - frequency[kZero + 2 * pair + 1];
            });
            unroll<kTile>([&](auto i) {
                const Vec* half = i % 2 == 0 ? sum : difference;
                Vec total = kBasis.power[0][i] * half[0];
                unroll<kPairs - 1>([&](auto p) { total += kBasis.power[p + 1][i] * half[p + 1]; });
                if constexpr (i == kTile - 1) total += frequency[kPoints - 1];
                if constexpr (kZero && i == 0) total += frequency[0];
                out[i] = total;
            });
        }
    };

    // A: kTile output gradients to kPoints frequencies.
    struct OutputGradient {
        static constexpr int kFrom = kTile, kTo = kPoints;
        [[gnu::always_inline]] static void apply(const Vec* d, Vec* frequency) {
            unroll<kPairs>([&](auto pair) {
                Vec even = d[0], odd = kBasis.point[pair] * d[1];
                unroll<kTile - 2>([&](auto i) {
                    if constexpr (i % 2 == 0) even += kBasis.power[pair][i + 2] * d[i + 2];
                    if constexpr (i % 2 == 1) odd += kBasis.power[pair][i + 2] * d[i + 2];
                });
                frequency[kZero + 2 * pair] = even + odd;
                frequency[kZero + 2 * pair + 1] = even - odd;
            });
            frequency[kPoints - 1] = d[kTile - 1];
            if constexpr (kZero) frequency[0] = d[0];
        }
    };

    // G: 3 weights to kPoints frequencies.
    struct Weight {
        static constexpr int kFrom = 3, kTo = kPoints;
        [[gnu::always_inline]] static void apply(const Vec* w, Vec* frequency) {
            unroll<kPairs>([&](auto pair) {
                Vec even = w[0] + kBasis.power[pair][2] * w[2], odd = kBasis.point[pair] * w[1];
                frequency[kZero + 2 * pair] = kBasis.plus_scale[pair] * (even + odd);
                frequency[kZero + 2 * pair + 1] = kBasis.minus_scale[pair] * (even - odd);
            });
            frequency[kPoints - 1] = w[2];
            if constexpr (kZero) frequency[0] = kBasis.zero_scale * w[0];
        }
    };

    // G^T: kPoints frequencies to 3 weight gradients.
    struct WeightGradient {
        static constexpr int kFrom = kPoints, kTo = 3;
        [[gnu::always_inline]] static void apply(const Vec* frequency, Vec* w) {
            w[0] = w[1] = Vec{};
            w[2] = frequency[kPoints - 1];
            if constexpr (kZero) w[0] = kBasis.zero_scale * frequency[0];
            unroll<kPairs>([&](auto pair) {
                Vec plus = kBasis.plus_scale[pair] * frequency[kZero + 2 * pair];
                Vec minus = kBasis.minus_scale[pair] * frequency[kZero + 2 * pair + 1];
                w[0] += plus + minus;
                w[1] += kBasis.point[pair] * (plus - minus);
                w[2] += kBasis.power[pair][2] * (plus + minus);
            });
        }
    };
};

// A square of vectors in memory: element (y, x) is at data + y*row_stride + x*column_stride.
template <class Float>
struct TileView {
    Float* data;
    std::int64_t row_stride, column_stride;
};

// Leaves a vector as it is.
struct AsIs {
    [[gnu::always_inline]] Vec operator()(Vec value) const { return value; }
};

// Applies Transform to the rows of `from`, then to the columns, and writes the first to_rows × to_columns
// elements, each through `finish`.
template <class Transform, class Finisher = AsIs>
inline void transform_tile(TileView<const float> from, TileView<float> to, int to_rows = Transform::kTo,
                           int to_columns = Transform::kTo, Finisher finish = {}) {
    Vec half[Transform::kTo][Transform::kFrom];  // columns done
    for (int x = 0; x < Transform::kFrom; ++x) {
        Vec in[Transform::kFrom], out[Transform::kTo];
        const float* column = from.data + x * from.column_stride;
        unroll<Transform::kFrom>([&](auto y) { in[y] = load(column + y * from.row_stride); });
        Transform::apply(in, out);
        unroll<Transform::kTo>([&](auto y) { half[y][x] = out[y]; });
    }
    for (int y = 0; y < to_rows; ++y) {
        Vec in[Transform::kFrom], out[Transform::kTo];
        unroll<Transform::kFrom>([&](auto x) { in[x] = half[y][x]; });
        Transform::apply(in, out);
        float* row = to.data + y * to.row_stride;
        if (to_columns == Transform::kTo) {
            unroll<Transform::kTo>([&](auto x) { store(row + x * to.column_stride, finish(out[x])); });
        } else {
            for (int x = 0; x < to_columns; ++x) store(row + x * to.column_stride, finish(out[x]));
        }
    }
}

}  // namespace tundish::TUNDISH_ISA
