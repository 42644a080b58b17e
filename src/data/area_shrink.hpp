#pragma once

#include "tundish/base/bytes.hpp"

namespace tundish {

struct PlaneSize {
    int rows = 0;
    int columns = 0;
};

/// `planes` planes of `size` pixels, one behind the other, made smaller: each new pixel is the mean of the area that it
/// covers, parts of pixels counting as parts. What OpenCV's INTER_AREA gives, to within rounding, in a third of the
/// time where the sizes are no multiples of each other. `to_size` is no larger than `size` along either axis, and not
/// 0. Any thread.
void shrink_area(const std::uint8_t* from, PlaneSize size, std::uint8_t* to, PlaneSize to_size, int planes);

}  // namespace tundish
