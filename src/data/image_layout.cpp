#include "tundish/data/image_layout.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <cstdlib>

namespace tundish {
namespace {

constexpr double kClearly = 1.1;  // CIFAR-10's hundreds differ by a factor of 2 to 4, noise by less than 1.01

// The mean difference between bytes that lie `distance` apart, within pieces of `piece` bytes.
double mean_difference(ByteSpan pixels, std::size_t piece, std::size_t distance) {
    if (distance >= piece) return 0;
    std::uint64_t sum = 0;
    for (std::size_t start = 0; start < pixels.size(); start += piece) {
        const std::uint8_t* upper = pixels.data() + start;
        const std::uint8_t* lower = upper + distance;
        for (std::size_t i = 0; i < piece - distance; ++i) {
            sum += static_cast<std::uint64_t>(std::abs(int{upper[i]} - int{lower[i]}));
        }
    }
    return static_cast<double>(sum) / static_cast<double>((piece - distance) * (pixels.size() / piece));
}

}  // namespace

std::string to_text(ImageLayout layout) {
    switch (layout) {
        case ImageLayout::hwc:
            return "hwc";
        case ImageLayout::chw:
            return "chw";
        case ImageLayout::automatic:
            break;
    }
    return "auto";
}

ImageLayout image_layout_from_text(const std::string& name) {
    for (const auto layout : {ImageLayout::automatic, ImageLayout::hwc, ImageLayout::chw}) {
        if (lower(trim(name)) == to_text(layout)) return layout;
    }
    throw ConfigError(text("image_layout: expected auto, hwc or chw, found '", name, "'."));
}

void LayoutDetector::add(ByteSpan pixels, const ImageShape& shape) {
    if (enough()) return;
    ++images_;
    if (shape.channels == 1) return;
    ++coloured_;
    // Rows only, not columns: in a grey-ish picture stored as hwc the three bytes of a pixel are nearly equal, and
    // would pass for smooth columns of a plane.
    const auto row = static_cast<std::size_t>(shape.width);
    const auto channels = static_cast<std::size_t>(shape.channels);
    hwc_ += mean_difference(pixels, shape.pixels(), row * channels);
    chw_ += mean_difference(pixels, shape.pixels() / channels, row);
}

ImageLayout LayoutDetector::decide() const {
    if (images_ > 0 && coloured_ == 0) return ImageLayout::chw;
    if (hwc_ > chw_ * kClearly) return ImageLayout::chw;
    if (chw_ > hwc_ * kClearly) return ImageLayout::hwc;
    throw DataError(text("cannot tell whether raw pixels lie as hwc or chw (", reason(),
                         "). Set image_layout to the one that counts"));
}

std::string LayoutDetector::reason() const {
    const auto count = static_cast<double>(std::max<std::int64_t>(coloured_, 1));
    return text("neighbouring rows differ by ", fixed(hwc_ / count, 1), " read as hwc, by ", fixed(chw_ / count, 1),
                " read as chw, over ", images_, " images");
}

Bytes to_planar(ByteSpan interleaved, const ImageShape& shape) {
    const auto channels = static_cast<std::size_t>(shape.channels);
    const std::size_t plane = shape.pixels() / channels;
    Bytes out(shape.pixels());
    for (std::size_t c = 0; c < channels; ++c) {
        std::uint8_t* to = out.data() + c * plane;
        const std::uint8_t* from = interleaved.data() + c;
        for (std::size_t i = 0; i < plane; ++i) to[i] = from[i * channels];
    }
    return out;
}

}  // namespace tundish
