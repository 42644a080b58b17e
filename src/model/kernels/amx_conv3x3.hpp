// The 3x3 convolution as one matrix product in bfloat16 on AMX's tiles, summed in fp32: for serving, forward only.
//
// Maps are copied to bfloat16 with one column of zeros behind each row and one row of zeros behind each image (and one
// before the first). Each of them is the border on both sides, so that all pixels of a batch lie in one line, in which
// a neighbour always has the same distance: a tile of 16 pixels is 16 rows at equal strides, whatever they belong to.
// What is computed for the borders themselves is not stored.
#pragma once

#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/finish.hpp"
#include "model/kernels/row_range.hpp"
#include "model/kernels/scratch_buffer.hpp"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tundish::TUNDISH_ISA {

using Bfloat16 = std::uint16_t;

// A tile: 16 rows of 64 bytes, 32 bfloat16 or 16 floats.
inline constexpr std::int64_t kTileRows = 16, kTileDepth = 32, kTileColumns = 16;
inline constexpr std::int64_t kTileValues = kTileRows * kTileDepth;

// The operand of LDTILECFG (Intel SDM vol. 1, 18.3): all eight tiles at their full size.
struct alignas(64) TileConfig {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Tiles for the calling thread; while they are in use every switch of threads saves 8 KiB more.
class TilesInUse {
  public:
    TilesInUse() {
        static constexpr TileConfig kConfig;
        _tile_loadconfig(&kConfig);
    }
    TilesInUse(const TilesInUse&) = delete;
    TilesInUse& operator=(const TilesInUse&) = delete;
    ~TilesInUse() { _tile_release(); }
};

inline std::int64_t padded_depth(std::int64_t channels) {
    return divide_up(channels, kTileDepth) * kTileDepth;
}

// To the nearest, ties to even, as VCVTNEPS2BF16 does; weights are finite.
inline Bfloat16 to_bfloat16(float value) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<Bfloat16>((bits + 0x7FFF + (bits >> 16U & 1U)) >> 16U);
}

inline std::int64_t amx_prepared_floats(const Conv3x3Job& job) {
    return 9 * padded_depth(job.in_channels) * job.out_channels / 2;
}

// One tap's weights of 32 input channels from `depth` and 16 output channels from `column`: two input channels lie side
// by side for each output channel, as TDPBF16PS wants them. Behind the last input channel zeros.
inline void prepare_tile(const Conv3x3Job& job, const float* tap, std::int64_t depth, std::int64_t column,
                         Bfloat16* to) {
    for (std::int64_t i = 0; i < kTileValues; ++i) {
        const std::int64_t in = depth + i / (2 * kTileColumns) * 2 + i % 2;
        const std::int64_t out = column + i / 2 % kTileColumns;
        const bool real = in < job.in_channels;
        to[i] = real ? to_bfloat16(tap[in * job.weight_in_stride + out * job.weight_out_stride]) : Bfloat16{0};
    }
}

// Weights in the order in which they are read: for each two columns of tiles, for each tap, for each 32 input channels
// a tile or two.
inline void amx_prepare(const Conv3x3Job& job, float* prepared) {
    auto* to = reinterpret_cast<Bfloat16*>(prepared);
    for (std::int64_t column = 0; column < job.out_channels; column += 2 * kTileColumns) {
        const std::int64_t columns_end = std::min(column + 2 * kTileColumns, job.out_channels);
        for (int tap = 0; tap < 9; ++tap) {
            const float* weight = job.weight + tap / 3 * job.weight_row_stride + tap % 3 * job.weight_column_stride;
            for (std::int64_t depth = 0; depth < padded_depth(job.in_channels); depth += kTileDepth) {
                for (std::int64_t first = column; first < columns_end; first += kTileColumns, to += kTileValues)
                    prepare_tile(job, weight, depth, first, to);
            }
        }
    }
}

class AmxConvolution {
  public:
    AmxConvolution(const Conv3x3Job& job, int threads)
        : job_(job),
          depth_(padded_depth(job.in_channels)),
          pitch_(job.width + 1),
          image_(pitch_ * (job.height + 1)),
          pixels_(image_ * job.batch),
          threads_(threads) {
        // Before the first pixel a row and a column of zeros; behind the last one what its tile and neighbours reach.
        const std::int64_t all = 2 * (pitch_ + 1) + pixels_ + 2 * kTileRows;
        maps_ = reinterpret_cast<Bfloat16*>(
            thread_scratch().transformed_input.request(static_cast<std::size_t>(all * depth_ / 2)));
    }

    void run() {
        const std::int64_t blocks = divide_up(pixels_, kBlock);
        const std::int64_t per_part = std::clamp<std::int64_t>(divide_up(blocks, threads_), 1, kBlocksInCache);
        const std::int64_t parts = divide_up(blocks, per_part);
#pragma omp parallel num_threads(threads_)
        {
#pragma omp for
            for (std::int64_t row = -1; row < job_.batch * (job_.height + 1); ++row) copy_row(row);
            const TilesInUse tiles;
#pragma omp for schedule(dynamic)
            for (std::int64_t part = 0; part < parts; ++part) {
                multiply_part({part * per_part * kBlock, std::min((part + 1) * per_part, blocks) * kBlock});
            }
        }
    }

  private:
    static constexpr std::int64_t kBlock = 2 * kTileRows;  // pixels of two tiles
    static constexpr std::int64_t kBlocksInCache = 8;      // with 256 channels 128 KiB, read once for all columns

    Bfloat16* at(std::int64_t pixel) const {
        return maps_ + (pitch_ + 1 + pixel) * depth_;
    }

    // Row -1 stands before the first image; the last one of each image is its border.
    void copy_row(std::int64_t row) const {
        const std::int64_t y = row < 0 ? job_.height : row % (job_.height + 1);
        Bfloat16* to = at(row * pitch_);
        if (row < 0) std::memset(to - depth_, 0, static_cast<std::size_t>(depth_) * sizeof(Bfloat16));
        const std::int64_t real = y < job_.height ? job_.width : 0;
        const float* from = job_.input + ((row / (job_.height + 1)) * job_.height + y) * job_.width * job_.in_channels;
        for (std::int64_t x = 0; x < real; ++x, from += job_.in_channels, to += depth_) copy_pixel(from, to);
        std::memset(to, 0, static_cast<std::size_t>((pitch_ - real) * depth_) * sizeof(Bfloat16));
    }

    void copy_pixel(const float* from, Bfloat16* to) const {
        for (std::int64_t channel = 0; channel < depth_; channel += kLanes) {
            const std::int64_t left = std::clamp<std::int64_t>(job_.in_channels - channel, 0, kLanes);
            const auto some = static_cast<__mmask16>((1U << static_cast<unsigned>(left)) - 1);
            const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, from + channel));
            std::memcpy(to + channel, &narrow, sizeof narrow);
        }
    }

    void multiply_part(Range pixels) const {
        const auto* weights = reinterpret_cast<const Bfloat16*>(job_.prepared);
        for (std::int64_t column = 0; column < job_.out_channels; column += 2 * kTileColumns) {
            const bool two = column + kTileColumns < job_.out_channels;
            for (std::int64_t pixel = pixels.begin; pixel < pixels.end; pixel += kBlock) {
                alignas(64) std::array<float, kBlock * 2 * kTileColumns> sums;
                two ? multiply<true>(pixel, weights, sums.data()) : multiply<false>(pixel, weights, sums.data());
                store_block(pixel, column, two ? 2 : 1, sums.data());
            }
            weights += 9 * depth_ * kTileColumns * (two ? 2 : 1);
        }
    }

    // 32 pixels by 32 channels (or 16, in the first half of each row of `sums`).
    template <bool kTwoColumns>
    void multiply(std::int64_t pixel, const Bfloat16* weights, float* sums) const {
        const std::int64_t stride = depth_ * static_cast<std::int64_t>(sizeof(Bfloat16));
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (std::int64_t tap = 0; tap < 9; ++tap) {
            const Bfloat16* from = at(pixel + (tap / 3 - 1) * pitch_ + tap % 3 - 1);
            for (std::int64_t depth = 0; depth < depth_; depth += kTileDepth, from += kTileDepth) {
                _tile_loadd(6, weights, 64);
                _tile_loadd(4, from, stride);
                _tile_dpbf16ps(0, 4, 6);
                _tile_loadd(5, from + kTileRows * depth_, stride);
                _tile_dpbf16ps(2, 5, 6);
                weights += kTileValues;
                if constexpr (kTwoColumns) {
                    _tile_loadd(7, weights, 64);
                    _tile_dpbf16ps(1, 4, 7);
                    _tile_dpbf16ps(3, 5, 7);
                    weights += kTileValues;
                }
            }
        }
        constexpr std::int64_t kRow = 2 * kTileColumns;
        _tile_stored(0, sums, kRow * sizeof(float));
        _tile_stored(2, sums + kTileRows * kRow, kRow * sizeof(float));
        if constexpr (kTwoColumns) {
            _tile_stored(1, sums + kTileColumns, kRow * sizeof(float));
            _tile_stored(3, sums + kTileRows * kRow + kTileColumns, kRow * sizeof(float));
        }
    }

    // Without the borders.
    void store_block(std::int64_t pixel, std::int64_t column, int tiles, const float* sums) const {
        with_finisher(job_.finish, [&](auto finisher) {
            for (int tile = 0; tile < tiles; ++tile, column += kTileColumns, sums += kTileColumns) {
                const auto apply = finisher(job_.bias + column);
                std::int64_t image = pixel / image_, y = pixel % image_ / pitch_, x = pixel % pitch_;
                for (std::int64_t i = 0; i < kBlock && pixel + i < pixels_; ++i) {
                    const std::int64_t place = (image * job_.height + y) * job_.width + x;
                    if (x < job_.width && y < job_.height)
                        store(job_.output + place * job_.out_channels + column,
                              apply(load(sums + i * 2 * kTileColumns)));
                    if (++x < pitch_) continue;
                    x = 0;
                    if (++y <= job_.height) continue;
                    y = 0;
                    ++image;
                }
            }
        });
    }

    const Conv3x3Job& job_;
    std::int64_t depth_, pitch_, image_, pixels_;
    int threads_;
    Bfloat16* maps_;
};

}  // namespace tundish::TUNDISH_ISA
