// The first convolution: few input channels in planar order, many output channels. A pixel is broadcast and multiplied
// with a vector of output channels.
#pragma once

#include "model/kernels/finish.hpp"
#include "model/kernels/gemm_block.hpp"
#include "model/kernels/inference_layers_kernels.hpp"
#include "model/kernels/scratch_buffer.hpp"

#include <omp.h>

#include <algorithm>

namespace tundish::TUNDISH_ISA {

class PlanarConvolution {
  public:
    PlanarConvolution(const PlanarConvJob& job, int threads)
        : job_(job),
          s_(job.shape),
          padded_width_(s_.width + 2 * s_.padding),
          plane_((s_.height + 2 * s_.padding) * padded_width_),
          threads_(threads) {
        if (s_.padding == 0) return;
        padded_ = thread_scratch().transformed_input.request(threads * s_.channels * plane_);
    }

    void run() {
#pragma omp parallel for schedule(dynamic) num_threads(threads_)
        for (std::int64_t image = 0; image < s_.batch; ++image) {
            const float* pixels = job_.input + image * s_.channels * s_.height * s_.width;
            if (s_.padding > 0) pixels = pad(pixels, padded_ + omp_get_thread_num() * s_.channels * plane_);
            for (std::int64_t y = 0; y < s_.out_height(); ++y) {
                run_row(pixels + y * padded_width_,
                        job_.output + (image * s_.out_height() + y) * s_.out_width() * s_.out_channels);
            }
        }
    }

  private:
    // Output channels go in the panels of gemm_block.hpp: 2 vectors at a time, 3 at the end of an odd count.
    void run_row(const float* pixels, float* to) {
        for (std::int64_t channel = 0; channel < s_.out_channels;) {
            const int vectors = panel_vectors(s_.out_channels - channel);
            if (vectors == 1) run_panel<1>(pixels, channel, to);
            if (vectors == 2) run_panel<2>(pixels, channel, to);
            if (vectors == 3) run_panel<3>(pixels, channel, to);
            channel += vectors * kLanes;
        }
    }

    template <int kVectors>
    void run_panel(const float* pixels, std::int64_t channel, float* to) {
        constexpr int kPixels = kMaxRows<kVectors>;
        std::int64_t x = 0;
        for (; x + kPixels <= s_.out_width(); x += kPixels) run_pixels<kPixels, kVectors>(pixels + x, channel, to, x);
        for (; x < s_.out_width(); ++x) run_pixels<1, kVectors>(pixels + x, channel, to, x);
    }

    template <int kPixels, int kVectors>
    [[gnu::always_inline]] void run_pixels(const float* pixels, std::int64_t channel, float* to, std::int64_t x) {
        Vec sum[kPixels][kVectors] = {};
        const float* weight = job_.weight + channel;
        for (std::int64_t plane = 0; plane < s_.channels; ++plane) {
            for (std::int64_t dy = 0; dy < s_.kernel; ++dy) {
                const float* row = pixels + plane * plane_ + dy * padded_width_;
                for (std::int64_t dx = 0; dx < s_.kernel; ++dx, weight += s_.out_channels) {
                    unroll<kVectors>([&](auto v) {
                        const Vec right = load(weight + v * kLanes);
                        unroll<kPixels>([&](auto p) { sum[p][v] += row[dx + p] * right; });
                    });
                }
            }
        }
        with_finisher(job_.finish, [&](auto finisher) {
            unroll<kVectors>([&](auto v) {
                const std::int64_t first = channel + v * kLanes;
                const auto apply = finisher(job_.bias + first);
                unroll<kPixels>([&](auto p) { store(to + (x + p) * s_.out_channels + first, apply(sum[p][v])); });
            });
        });
    }

    const float* pad(const float* pixels, float* to) const {
        for (std::int64_t plane = 0; plane < s_.channels; ++plane) {
            float* padded = to + plane * plane_;
            std::fill_n(padded, plane_, job_.border[plane]);
            for (std::int64_t y = 0; y < s_.height; ++y) {
                std::copy_n(pixels + (plane * s_.height + y) * s_.width, s_.width,
                            padded + (y + s_.padding) * padded_width_ + s_.padding);
            }
        }
        return to;
    }

    const PlanarConvJob& job_;
    const PlanarConvShape& s_;
    std::int64_t padded_width_, plane_;
    int threads_;
    float* padded_ = nullptr;
};

}  // namespace tundish::TUNDISH_ISA
