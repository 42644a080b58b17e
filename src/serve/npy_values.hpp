#pragma once

#include "number_array.hpp"
#include "tundish/serve/npy.hpp"

namespace tundish {

/// The file's elements: uint8 and booleans as a view, other integers as bytes, floats as floats. Throws RequestError
/// 400 "bad_value" for an integer outside 0..255. Floats are not checked.
NumberArray to_numbers(const NpyArray& file);

}  // namespace tundish
