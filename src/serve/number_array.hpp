#pragma once

#include "tundish/base/bytes.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tundish {

/// Numbers of a request with their axes, not images yet.
struct NumberArray {
    std::vector<std::size_t> dims;
    bool fortran_order = false;                                ///< the first axis varies fastest
    std::variant<ByteSpan, Bytes, std::vector<float>> values;  ///< a ByteSpan is borrowed from the request's body
    bool is_table = false;                                     ///< places are "row 2, column 17" instead of "[2][17]"
};

/// What a look at floats told.
struct PixelRange {
    std::optional<std::size_t> bad;  ///< index of the first value more than 0.5 outside of 0..255, or not a number
    bool above_zero = false;
    bool above_one = false;
};

/// Moves what lies at most 0.5 outside of 0..255 to the edge, up to the first bad value.
PixelRange clamp_to_pixels(std::span<float> values);

/// Throws RequestError 400 "bad_value" for the value at `index`, in the order of memory.
[[noreturn]] void refuse_value(const NumberArray& array, std::size_t index, double value);

}  // namespace tundish
