#pragma once

#include "tundish/data/image.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace tundish {

/// How an array's axes are read as images.
struct ArrayLayout {
    std::size_t images = 1;
    bool batch = false;                    ///< there is an axis for the images, maybe of length 1
    ImageShape shape;                      ///< of each image; the model's channels, any height and width
    std::array<std::size_t, 4> strides{};  ///< distance of neighbours along image, channel, row, column, in elements

    /// True when the elements lie as a PixelBatch has them.
    [[nodiscard]] bool is_planar() const;
};

/// Reads axes by the rules of parse_request(). Throws RequestError 400 "wrong_shape", naming what fits the model.
/// `dims` are not 0 and their product does not overflow.
ArrayLayout lay_out(std::span<const std::size_t> dims, bool fortran_order, const ImageShape& model);

}  // namespace tundish
