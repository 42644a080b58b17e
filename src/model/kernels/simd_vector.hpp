// The vector type of the kernels in this folder, and loops the compiler must unroll.
//
// A kernel file is compiled once for each instruction set, with the flags of that set. It defines
// TUNDISH_ISA first (avx2, avx512, amx): everything below lives in a namespace of that name, so that the linker
// never picks the AVX-512 copy of an inline function for a machine that has only AVX2.
#pragma once

#include <cstdint>
#include <utility>

#ifndef TUNDISH_ISA
#error "define TUNDISH_ISA (avx2, avx512 or amx) before including a kernel header"
#endif

namespace tundish::TUNDISH_ISA {

#ifdef __AVX512F__
inline constexpr int kLanes = 16;
#else
inline constexpr int kLanes = 8;
#endif

using Vec = float __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVec = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

[[gnu::always_inline]] inline Vec load(const float* from) {
    return *reinterpret_cast<const UnalignedVec*>(from);
}

[[gnu::always_inline]] inline void store(float* to, Vec value) {
    *reinterpret_cast<UnalignedVec*>(to) = value;
}

// Calls body(0) … body(N-1) with compile-time indices: constants fold, and arrays of vectors become
// registers.
template <int N, class Body>
[[gnu::always_inline]] inline void unroll(Body&& body) {
    [&]<int... kIndex>(std::integer_sequence<int, kIndex...>) __attribute__((always_inline)) {
        (body(std::integral_constant<int, kIndex>{}), ...);
    }
    (std::make_integer_sequence<int, N>{});
}

}  // namespace tundish::TUNDISH_ISA
