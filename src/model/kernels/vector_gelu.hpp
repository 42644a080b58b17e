// exp and the normal distribution for vectors, as far as GELU and its derivative need them.
#pragma once

#include "model/kernels/simd_vector.hpp"

namespace tundish::TUNDISH_ISA {

using IntVec = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));

// e^x for x <= 0, 2 ulp; below −60 it is 0. What comes of smaller values (floats end at e^−87) are denormal numbers,
// which cost a CPU some hundred cycles each: noise through a whitening layer would take two and a half times as long.
inline Vec exp_of_negative(Vec x) {
    constexpr float kRounder = 12582912.0F;  // 1.5 · 2^23: adding it leaves the integer part in the low bits
    constexpr float kLogTwoHigh = 0.693359375F, kLogTwoLow = -2.12194440e-4F;
    const Vec floor = Vec{} - 60.0F;
    const Vec all = x;
    x = x < floor ? floor : x;
    Vec rounded = x * 1.44269504F + kRounder;
    Vec power = rounded - kRounder;
    Vec rest = x - power * kLogTwoHigh - power * kLogTwoLow;
    Vec series = rest * 1.9875691500e-4F + 1.3981999507e-3F;  // Cephes' expf
    series = series * rest + 8.3334519073e-3F;
    series = series * rest + 4.1665795894e-2F;
    series = series * rest + 1.6666665459e-1F;
    series = series * rest + 5.0000001201e-1F;
    series = series * (rest * rest) + rest + 1.0F;
    const Vec power_of_e =
        reinterpret_cast<Vec>(reinterpret_cast<IntVec>(series) + (reinterpret_cast<IntVec>(rounded) << 23));
    return all < floor ? Vec{} : power_of_e;
}

// Φ(z), the probability of less than z, and e^(−z²/2), which its computation yields.
struct Normal {
    Vec below, bell;
};

// Abramowitz & Stegun 7.1.26, absolute error 1e-7.
inline Normal normal_of(Vec z) {
    Vec magnitude = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(z) & 0x7fffffff);
    Vec bell = exp_of_negative(z * z * -0.5F);
    Vec t = 1.0F / (1.0F + 0.231641888F * magnitude);  // 0.3275911 / sqrt(2)
    Vec tail = t * 0.5307027145F - 0.7265760135F;      // halves of the published coefficients
    tail = tail * t + 0.7107068705F;
    tail = tail * t - 0.142248368F;
    tail = tail * t + 0.127414796F;
    tail = tail * t * bell;
    return {z < 0.0F ? tail : 1.0F - tail, bell};
}

inline Vec gelu(Vec z) {
    return z * normal_of(z).below;
}

inline Vec gelu_derivative(Vec z) {
    constexpr float kBellHeight = 0.398942280F;  // 1 / sqrt(2π)
    Normal normal = normal_of(z);
    return normal.below + kBellHeight * z * normal.bell;
}

}  // namespace tundish::TUNDISH_ISA
