#pragma once

#include <cstddef>
#include <string>

#include "tundish/base/bytes.hpp"

namespace tundish {

/// Height, width and channel count of an image. The order of the fields is the order of a planar tensor's axes.
struct ImageShape {
    int channels = 3;  ///< 1 grey, 3 red-green-blue
    int height = 32;
    int width = 32;

    [[nodiscard]] std::size_t pixels() const {
        return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    }
    bool operator==(const ImageShape&) const = default;
};

/// "3x32x32": channels, height, width.
std::string to_text(const ImageShape& shape);

/// One decoded image: uint8, planar (channel, row, column), red first. `pixels.size() == shape.pixels()`.
struct Image {
    ImageShape shape;
    Bytes pixels;
};

}  // namespace tundish
