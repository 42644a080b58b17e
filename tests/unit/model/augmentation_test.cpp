#include <numeric>

#include "support/tiny_data.hpp"
#include "support/torch_catch.hpp"
#include "tundish/model/augmentation.hpp"

using namespace tundish;
using tundish::testing::tiny_samples;

namespace {

const SampleSet& samples() {
    static const SampleSet set = tiny_samples(40);
    return set;
}

at::Tensor batch(const AugmentationOptions& options, std::int64_t epoch, std::vector<std::int64_t> chosen = {},
                 std::uint64_t seed = 9) {
    if (chosen.empty()) {
        chosen.resize(40);
        std::iota(chosen.begin(), chosen.end(), 0);
    }
    return BatchMaker(pixel_view(samples()), label_view(samples()), measure(samples()), options, seed)
        .make(chosen, epoch)
        .images;
}

const AugmentationOptions kOff{.flip = false};

}  // namespace

TEST_CASE("without augmentation a batch is the normalised images, channels last") {
    const auto images = batch(kOff, 0);
    CHECK(images.equal(normalise(pixel_view(samples()), measure(samples()))));
    CHECK(images.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST_CASE("alternating flip mirrors every sample in every other epoch") {
    const AugmentationOptions flip{.flip = true};
    const auto first = batch(flip, 0);
    CHECK(batch(flip, 1).equal(first.flip({3})));
    CHECK(batch(flip, 2).equal(first));
    const auto plain = batch(kOff, 0);
    const auto mirrored = (first - plain).abs().amax({1, 2, 3}).gt(0).sum().item<std::int64_t>();
    CHECK(mirrored > 8);
    CHECK(mirrored < 32);
}

TEST_CASE("crops are shifts of the reflected image, each within its reach, and all occur") {
    const AugmentationOptions crop{.flip = false, .crop_padding = 2};
    const auto cropped = batch(crop, 3);
    const auto plain = batch(kOff, 0);
    std::set<std::pair<int, int>> seen;
    for (std::int64_t i = 0; i < 40; ++i) {
        bool found = false;
        for (int rows = -2; rows <= 2 && !found; ++rows) {
            for (int columns = -2; columns <= 2 && !found; ++columns) {
                const auto padded = at::reflection_pad2d(plain.narrow(0, i, 1), {2, 2, 2, 2});
                found = padded.narrow(2, 2 + rows, 32).narrow(3, 2 + columns, 32).equal(cropped.narrow(0, i, 1));
                if (found) seen.emplace(rows, columns);
            }
        }
        INFO("sample " << i);
        REQUIRE(found);
    }
    CHECK(seen.size() > 12);
}

TEST_CASE("a sample's augmentation does not depend on the batch around it, but on seed and epoch") {
    const AugmentationOptions all{.flip = true, .crop_padding = 4, .cutout = 8, .color_jitter = 0.2};
    const auto together = batch(all, 2);
    const auto few = batch(all, 2, {31, 7});
    CHECK(few[0].equal(together[31]));
    CHECK(few[1].equal(together[7]));
    CHECK_FALSE(batch(all, 3).equal(together));
    CHECK_FALSE(batch(all, 2, {}, 10).equal(together));
}

TEST_CASE("cutout blanks at most its square and colour jitter keeps every pixel's order") {
    const auto cut = batch({.flip = false, .cutout = 8}, 1);
    const auto blank = (cut.abs().amax(1) == 0).sum({1, 2});
    CHECK(blank.max().item<std::int64_t>() == 64);
    CHECK(blank.min().item<std::int64_t>() >= 16);
    const auto jittered = batch({.flip = false, .color_jitter = 0.2}, 1);
    const auto plain = batch(kOff, 1);
    const auto ratio = (jittered[0] - jittered[0].mean()) / (plain[0] - plain[0].mean());
    CHECK(ratio.std().item<double>() < 1e-3);
}

TEST_CASE("shifted views reflect at the border") {
    const auto image = at::arange(16, at::kFloat).view({1, 1, 4, 4});
    CHECK(shifted(image, -1, -1)[0][0][0][0].item<float>() == 5.0F);
    CHECK(shifted(image, 1, 1)[0][0][3][3].item<float>() == 10.0F);
    CHECK(shifted(image, 0, 0).equal(image));
}
