#pragma once

#include "tundish/data/image.hpp"

#include <cstdint>
#include <optional>

namespace tundish {

/// How images of any size become samples of one. Without shape and short side they keep their size.
struct ImageFit {
    std::optional<ImageShape> shape;  ///< stretch (or, with a short side, crop) to this; grey or colour as it says
    std::optional<int> short_side;    ///< first scale the shorter side to this, keeping the aspect ratio
    bool grey = false;                ///< without a shape: one channel instead of three

    /// Channels to decode to.
    [[nodiscard]] int channels() const { return shape ? shape->channels : (grey ? 1 : 3); }
};

/// Applies the rule. Any thread.
Image fit(Image image, const ImageFit& rule);

/// The size at which the shorter side has exactly that length and the longer one keeps the aspect ratio.
ImageShape with_short_side(const ImageShape& shape, int short_side);

/// The middle of an image that is at least as large.
Image crop_centre(const Image& image, int height, int width);

/// The same for planes: `to` has the channels of `from`, and no larger sides. Any thread.
void crop_centre_into(const std::uint8_t* planes, const ImageShape& from, std::uint8_t* out, const ImageShape& to);
void crop_centre_into(const float* planes, const ImageShape& from, float* out, const ImageShape& to);

/// Red, green and blue weighed into grey (ITU-R BT.601), or grey repeated three times.
Image with_channels(Image image, int channels);

}  // namespace tundish
