#include "tundish/data/image_layout.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"

#include <cmath>
#include <functional>

using namespace tundish;
using namespace tundish::testing;

namespace {

// A smooth picture, planar: waves whose phase depends on image and, by `saturation`, on the channel.
Bytes picture(const ImageShape& shape, std::uint64_t number, double saturation) {
    Bytes pixels;
    const double phase = random_unit({number}) * 6;
    for (int c = 0; c < shape.channels; ++c) {
        for (int y = 0; y < shape.height; ++y) {
            for (int x = 0; x < shape.width; ++x) {
                const double value = std::sin(0.21 * y + 0.13 * x + phase + c * saturation);
                pixels.push_back(static_cast<std::uint8_t>(127 + 100 * value));
            }
        }
    }
    return pixels;
}

Bytes interleaved(const Bytes& planar, const ImageShape& shape) {
    const auto channels = static_cast<std::size_t>(shape.channels);
    const std::size_t plane = planar.size() / channels;
    Bytes out(planar.size());
    for (std::size_t i = 0; i < planar.size(); ++i) out[i % plane * channels + i / plane] = planar[i];
    return out;
}

std::string decide_error(const LayoutDetector& detector) {
    return message_of<DataError>([&] { return detector.decide(); });
}

}  // namespace

TEST_CASE("both layouts are told apart, in colour and nearly grey, in every size") {
    for (const auto& shape : {ImageShape{3, 32, 32}, {3, 96, 96}, {3, 40, 17}, {3, 8, 64}}) {
        for (const double saturation : {0.0, 0.05, 2.0}) {
            INFO(to_text(shape) << ", saturation " << saturation);
            LayoutDetector planar;
            LayoutDetector mixed;
            for (std::uint64_t i = 0; i < 100; ++i) {
                CHECK_FALSE(planar.enough());
                const auto pixels = picture(shape, i, saturation);
                planar.add(pixels, shape);
                mixed.add(interleaved(pixels, shape), shape);
            }
            CHECK(planar.enough());
            CHECK(planar.decide() == ImageLayout::chw);
            CHECK(mixed.decide() == ImageLayout::hwc);
            CHECK(lacks(mixed.reason(), {"read as hwc", "over 100 images"}) == "");
        }
    }
}

TEST_CASE("noise and plain colours do not tell, grey images need no telling") {
    LayoutDetector noise;
    for (std::uint64_t i = 0; i < 20; ++i) {
        Bytes pixels(3072);
        for (std::size_t j = 0; j < pixels.size(); ++j) pixels[j] = static_cast<std::uint8_t>(random_bits({i, j}));
        noise.add(pixels, {3, 32, 32});
    }
    CHECK(lacks(decide_error(noise), {"hwc or chw", "image_layout", "20 images"}) == "");
    LayoutDetector black;
    CHECK(lacks(decide_error(black), {"image_layout"}) == "");
    black.add(Bytes(3072, 0), {3, 32, 32});
    CHECK(lacks(decide_error(black), {"image_layout"}) == "");
    LayoutDetector grey;
    grey.add(Bytes(784, 0), {1, 28, 28});
    CHECK(grey.decide() == ImageLayout::chw);
    LayoutDetector tiny;
    tiny.add(Bytes(3, 7), {3, 1, 1});
    CHECK(lacks(decide_error(tiny), {"image_layout"}) == "");
}

TEST_CASE("interleaved pixels become planes") {
    const ImageShape shape{3, 5, 7};
    const auto planar = picture(shape, 1, 2.0);
    CHECK(to_planar(interleaved(planar, shape), shape) == planar);
    CHECK(to_planar(Bytes{1, 2, 3, 4, 5, 6}, {3, 1, 2}) == Bytes{1, 4, 2, 5, 3, 6});
}

TEST_CASE("layouts have names") {
    for (const auto layout : {ImageLayout::automatic, ImageLayout::hwc, ImageLayout::chw}) {
        CHECK(image_layout_from_text(to_text(layout)) == layout);
    }
    CHECK(image_layout_from_text(" HWC ") == ImageLayout::hwc);
    CHECK(lacks(message_of<ConfigError>([] { image_layout_from_text("nhwc"); }), {"auto, hwc or chw", "'nhwc'"}) == "");
}
