#include "tundish/train/grad_scaler.hpp"

#include <ATen/ATen.h>

#include <limits>

#include "support/torch_catch.hpp"

using tundish::GradScaler;

namespace {

float scale_of(const GradScaler& scaler) {
    return scaler.scale(at::ones({})).item<float>();
}

}  // namespace

TEST_CASE("without half precision nothing is scaled") {
    GradScaler scaler(false, at::kCPU);
    const auto gradient = at::full({2}, 3.0F);
    CHECK(scale_of(scaler) == 1.0F);
    CHECK(scaler.unscale({gradient}));
    CHECK(gradient.eq(3.0F).all().item<bool>());
}

TEST_CASE("gradients come back to their size, and two thousand good steps double the scale") {
    GradScaler scaler(true, at::kCPU);
    CHECK(scale_of(scaler) == 65536.0F);
    const auto gradient = at::full({2}, 3.0F * 65536.0F);
    CHECK(scaler.unscale({gradient}));
    CHECK(gradient.eq(3.0F).all().item<bool>());
    for (int step = 1; step < 2000; ++step) REQUIRE(scaler.unscale({at::ones({1})}));
    CHECK(scale_of(scaler) == 2 * 65536.0F);
}

TEST_CASE("an overflow leaves the step out and halves the scale, which a checkpoint keeps") {
    GradScaler scaler(true, at::kCPU);
    const auto good = at::ones({1});
    CHECK_FALSE(scaler.unscale({good, at::full({1}, std::numeric_limits<float>::infinity())}));
    CHECK(scale_of(scaler) == 32768.0F);
    CHECK_FALSE(scaler.unscale({at::full({1}, std::numeric_limits<float>::quiet_NaN())}));
    CHECK(scale_of(scaler) == 16384.0F);
    GradScaler resumed(true, at::kCPU);
    const auto saved = scaler.state(), loaded = resumed.state();
    for (std::size_t i = 0; i < saved.size(); ++i) loaded[i].copy_(saved[i]);
    CHECK(scale_of(resumed) == 16384.0F);
    CHECK(resumed.unscale({at::ones({1})}));
}
