// Constants of Winograd's minimal filtering F(m, 3): m outputs of a 3-tap filter from m+2 products.
//
// The m+2 interpolation points are infinity, pairs ±a, and 0 where m is even. Pairs make every transform an
// even and an odd half that are computed once and combined twice. The pairs were found by search, for the
// smallest error in fp32: the usual 0, ±1, ±2, ±1/2 … is 10 times worse at m = 7.
#pragma once

namespace tundish {

template <int kTile>
struct WinogradPairs;
template <>
struct WinogradPairs<3> {
    static constexpr double points[] = {0.375, 1.25};
};
template <>
struct WinogradPairs<4> {
    static constexpr double points[] = {0.625, 1.5};
};
template <>
struct WinogradPairs<5> {
    static constexpr double points[] = {0.3125, 0.8125, 1.75};
};
template <>
struct WinogradPairs<7> {
    static constexpr double points[] = {0.25, 0.6875, 1.125, 2.0625};
};

template <int kTile_>
struct WinogradBasis {
    static constexpr int kTile = kTile_;       // outputs along one side of a tile
    static constexpr int kPoints = kTile + 2;  // inputs along one side; also frequencies of one side
    static constexpr int kFrequencies = kPoints * kPoints;
    static constexpr int kZero = kTile % 2 == 0 ? 1 : 0;  // 1 if 0 is a point; it is then frequency 0
    static constexpr int kPairs = (kTile + 1) / 2;        // pair p is frequencies kZero+2p (+a) and kZero+2p+1 (−a)

    float point[kPairs] = {};
    float power[kPairs][kTile] = {};         // a^i
    float all_pairs[kPairs + 1] = {};        // coefficients of x^0, x^2, … in Π (x² − b²)
    float other_pairs[kPairs][kPairs] = {};  // the same, without pair p
    float plus_scale[kPairs] = {};           // 1 / Π (a − other points): the normalisation is put on the weights
    float minus_scale[kPairs] = {};
    float zero_scale = 0;

    constexpr WinogradBasis() {
        const double* points = WinogradPairs<kTile>::points;
        double product[kPairs + 1];
        multiply_pairs(points, -1, product);
        for (int i = 0; i <= kPairs; ++i) all_pairs[i] = static_cast<float>(product[i]);
        zero_scale = static_cast<float>(1 / product[0]);
        for (int pair = 0; pair < kPairs; ++pair) fill_pair(points, pair);
    }

  private:
    constexpr void fill_pair(const double* points, int pair) {
        double a = points[pair], value = 0, product[kPairs + 1];
        multiply_pairs(points, pair, product);
        for (int i = kPairs; i-- > 0;) {
            other_pairs[pair][i] = static_cast<float>(product[i]);
            value = value * a * a + product[i];
        }
        point[pair] = static_cast<float>(a);
        plus_scale[pair] = static_cast<float>(1 / (value * 2 * a * (kZero ? a : 1)));
        minus_scale[pair] = kZero ? plus_scale[pair] : -plus_scale[pair];
        for (int i = 0; i < kTile; ++i) power[pair][i] = static_cast<float>(integer_power(a, i));
    }

    static constexpr double integer_power(double base, int exponent) {
        double result = 1;
        for (int i = 0; i < exponent; ++i) result *= base;
        return result;
    }

    static constexpr void multiply_pairs(const double* points, int skipped, double* product) {
        for (int i = 0; i <= kPairs; ++i) product[i] = i == 0 ? 1 : 0;
        for (int pair = 0; pair < kPairs; ++pair) {
            if (pair == skipped) continue;
            double square = points[pair] * points[pair];
            for (int i = kPairs; i >= 0; --i) product[i] = (i > 0 ? product[i - 1] : 0) - square * product[i];
        }
    }
};

}  // namespace tundish
