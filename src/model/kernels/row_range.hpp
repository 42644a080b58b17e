// Parts of a range of rows, tiles or channels.
#pragma once

#include "model/kernels/simd_vector.hpp"

#include <algorithm>
#include <cstdint>

namespace tundish::TUNDISH_ISA {

struct Range {
    std::int64_t begin, end;
};

// Part `index` of `parts` nearly equal parts of 0..total.
inline Range part_of(std::int64_t total, std::int64_t parts, std::int64_t index) {
    return {total * index / parts, total * (index + 1) / parts};
}

inline std::int64_t divide_up(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

}  // namespace tundish::TUNDISH_ISA
