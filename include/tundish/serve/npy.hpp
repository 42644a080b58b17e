#pragma once

#include "tundish/base/bytes.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tundish {

/// One element's type, as a npy header's `descr` has it: "<f4" is floating, 4 bytes, little-endian.
struct NpyType {
    enum class Kind { boolean, signed_integer, unsigned_integer, floating };
    Kind kind = Kind::floating;
    std::size_t bytes = 4;  ///< booleans 1, integers 1, 2, 4, 8, floats 2, 4, 8
    bool big_endian = false;
};

/// A npy file that has been looked at but not copied.
struct NpyArray {
    NpyType type;
    bool fortran_order = false;      ///< the first axis varies fastest
    std::vector<std::size_t> shape;  ///< empty for a single number
    ByteSpan data;                   ///< as many bytes as shape and type need; may lie at any address
};

/// True when the bytes begin as np.save begins.
bool looks_like_npy(ByteSpan bytes);

/// Reads the header of versions 1 to 3. Objects (pickle), structures, strings and complex numbers are refused, as are
/// bytes that are fewer or more than the shape needs. Takes no memory for the data. Throws RequestError 400 "bad_npy".
/// Any thread.
NpyArray parse_npy(ByteSpan file);

/// A version 1.0 file of little-endian float32 in C order, (rows, columns), its data at a multiple of 64 bytes.
/// `values` are rows * columns.
std::string write_npy(std::span<const float> values, std::size_t rows, std::size_t columns);

}  // namespace tundish
