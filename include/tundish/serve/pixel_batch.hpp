#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/data/image.hpp"

#include <cstddef>
#include <variant>
#include <vector>

namespace tundish {

/// The images of a request, ready for the model: planar (image, channel, row, column), each of `shape`, values 0..255.
/// Bytes when every image came as bytes, floats otherwise; either holds images * shape.pixels() values.
struct PixelBatch {
    ImageShape shape;
    std::size_t images = 0;
    std::variant<Bytes, std::vector<float>> values;
};

}  // namespace tundish
