#include "tundish/data/image_fit.hpp"

#include "tundish/data/image_codec.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tundish {
namespace {

Image scale_short_side(const Image& image, int short_side) {
    const ImageShape scaled = with_short_side(image.shape, short_side);
    return resize(image, scaled.height, scaled.width);
}

template <typename Number>
void crop_planes(const Number* planes, const ImageShape& from, Number* out, const ImageShape& to) {
    const int top = (from.height - to.height) / 2, left = (from.width - to.width) / 2;
    for (int c = 0; c < to.channels; ++c) {
        for (int y = 0; y < to.height; ++y, out += to.width) {
            std::copy_n(planes + (std::int64_t{c} * from.height + top + y) * from.width + left, to.width, out);
        }
    }
}

}  // namespace

ImageShape with_short_side(const ImageShape& shape, int short_side) {
    const double factor = static_cast<double>(short_side) / std::min(shape.height, shape.width);
    // The shorter side must come out exact, whatever the rounding.
    const auto scaled = [&](int side) { return std::max(short_side, static_cast<int>(std::lround(side * factor))); };
    return {shape.channels, scaled(shape.height), scaled(shape.width)};
}

Image fit(Image image, const ImageFit& rule) {
    Image out = with_channels(std::move(image), rule.channels());
    if (rule.short_side) {
        out = scale_short_side(out, *rule.short_side);
        return rule.shape ? crop_centre(out, rule.shape->height, rule.shape->width)
                          : crop_centre(out, *rule.short_side, *rule.short_side);
    }
    return rule.shape ? resize(out, rule.shape->height, rule.shape->width) : out;
}

Image crop_centre(const Image& image, int height, int width) {
    const auto& from = image.shape;
    if (from.height == height && from.width == width) return image;
    Image out{{from.channels, height, width}, {}};
    out.pixels.resize(out.shape.pixels());
    crop_centre_into(image.pixels.data(), from, out.pixels.data(), out.shape);
    return out;
}

void crop_centre_into(const std::uint8_t* planes, const ImageShape& from, std::uint8_t* out, const ImageShape& to) {
    crop_planes(planes, from, out, to);
}

void crop_centre_into(const float* planes, const ImageShape& from, float* out, const ImageShape& to) {
    crop_planes(planes, from, out, to);
}

Image with_channels(Image image, int channels) {
    if (image.shape.channels == channels) return image;
    const std::size_t plane = image.shape.pixels() / static_cast<std::size_t>(image.shape.channels);
    Image out{{channels, image.shape.height, image.shape.width}, {}};
    if (channels == 3) {
        for (int c = 0; c < 3; ++c) out.pixels.insert(out.pixels.end(), image.pixels.begin(), image.pixels.end());
        return out;
    }
    out.pixels = Bytes(plane);
    const std::uint8_t* red = image.pixels.data();
    for (std::size_t i = 0; i < plane; ++i) {
        // 0.299, 0.587 and 0.114 in 16-bit fixed point
        const std::uint32_t grey = 19595U * red[i] + 38470U * red[i + plane] + 7471U * red[i + 2 * plane];
        out.pixels[i] = static_cast<std::uint8_t>((grey + 32768U) >> 16U);
    }
    return out;
}

}  // namespace tundish
