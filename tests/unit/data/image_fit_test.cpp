#include "tundish/data/image_fit.hpp"

#include "support/catch.hpp"

using namespace tundish;

namespace {

Image counting(int channels, int height, int width) {
    Image image{{channels, height, width}, {}};
    for (std::size_t i = 0; i < image.shape.pixels(); ++i) image.pixels.push_back(static_cast<std::uint8_t>(i));
    return image;
}

}  // namespace

TEST_CASE("without a rule an image stays as it is") {
    CHECK(fit(counting(3, 2, 3), {}).pixels == counting(3, 2, 3).pixels);
}

TEST_CASE("a shape stretches") {
    const auto out = fit(counting(3, 4, 8), {ImageShape{3, 2, 2}, std::nullopt});
    CHECK(out.shape == ImageShape{3, 2, 2});
    CHECK(out.pixels.size() == 12);
}

TEST_CASE("a short side keeps the aspect ratio and then crops the centre") {
    Image wide{{1, 4, 12}, Bytes(48, 0)};
    for (std::size_t y = 0; y < 4; ++y) {
        for (std::size_t x = 4; x < 8; ++x) wide.pixels[y * 12 + x] = 255;  // only the middle third is white
    }
    const auto out = fit(wide, {ImageShape{1, 2, 2}, 2});
    CHECK(out.shape == ImageShape{1, 2, 2});
    CHECK(out.pixels == Bytes(4, 255));
    CHECK(fit(counting(3, 7, 5), {std::nullopt, 4}).shape == ImageShape{3, 4, 4});
    CHECK(fit(counting(3, 3, 5), {ImageShape{3, 6, 6}, 6}).shape == ImageShape{3, 6, 6});
}

TEST_CASE("crop_centre takes the middle of every plane") {
    CHECK(crop_centre(counting(2, 3, 3), 1, 1).pixels == Bytes{4, 13});
}

TEST_CASE("with_channels weighs colours into grey and repeats grey") {
    CHECK(with_channels({{3, 1, 1}, {255, 0, 0}}, 1).pixels == Bytes{76});
    CHECK(with_channels({{3, 1, 1}, {0, 255, 0}}, 1).pixels == Bytes{150});
    CHECK(with_channels({{3, 1, 1}, {255, 255, 255}}, 1).pixels == Bytes{255});
    CHECK(with_channels({{1, 1, 2}, {7, 8}}, 3).pixels == Bytes{7, 8, 7, 8, 7, 8});
}
