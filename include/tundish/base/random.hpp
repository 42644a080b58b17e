#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace tundish {

/// One step of SplitMix64 (Steele, Lea & Flood 2014): a bijective scrambling of 64 bits.
constexpr std::uint64_t scramble(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
}

/// A random number that depends on its key only: drawing for (seed, epoch, sample) gives the same value in whatever
/// order, on whatever rank and after whatever resume it is asked for.
constexpr std::uint64_t random_bits(std::initializer_list<std::uint64_t> key) {
    std::uint64_t state = 0;
    for (const std::uint64_t part : key) state = scramble(state ^ part);
    return state;
}

/// Uniform in [0, 1) with 53 random bits.
constexpr double random_unit(std::initializer_list<std::uint64_t> key) {
    return static_cast<double>(random_bits(key) >> 11U) * 0x1.0p-53;
}

/// Twice the width of a machine word, which GCC and clang have and the standard does not.
__extension__ using WideProduct = unsigned __int128;

/// Uniform in 0..count-1; count > 0. The bias of the multiply-shift method is below count / 2^64.
constexpr std::int64_t random_below(std::int64_t count, std::initializer_list<std::uint64_t> key) {
    const auto wide = static_cast<WideProduct>(random_bits(key)) * static_cast<std::uint64_t>(count);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(wide >> 64U));
}

/// A random order of 0..count-1 (Fisher-Yates), the same for the same seed and epoch on every machine.
std::vector<std::int64_t> random_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

}  // namespace tundish
