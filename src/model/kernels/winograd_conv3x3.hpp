// Winograd convolution of whole batches. The caller's thread owns all working memory; the plan of each
// function is at its head. Frequencies are independent, so the middle step is one matrix product for each of
// them.
#pragma once

#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/finish.hpp"
#include "model/kernels/gemm_block.hpp"
#include "model/kernels/scratch_buffer.hpp"
#include "model/kernels/winograd_tiles.hpp"
#include "model/kernels/winograd_transform.hpp"

#include <omp.h>

namespace tundish::TUNDISH_ISA {

// Calls body(integral_constant<tile>).
template <class Body>
void with_tile(int tile, Body&& body) {
    if (tile == 3) body(std::integral_constant<int, 3>{});
    if (tile == 4) body(std::integral_constant<int, 4>{});
    if (tile == 5) body(std::integral_constant<int, 5>{});
    if (tile == 7) body(std::integral_constant<int, 7>{});
}

// The same for the tile that needs the fewest products over a map; a larger tile must save an eighth, because its
// transforms cost more and are less accurate.
template <class Body>
void with_best_tile(std::int64_t height, std::int64_t width, Body&& body) {
    auto products = [&](std::int64_t tile) {
        return divide_up(height, tile) * divide_up(width, tile) * (tile + 2) * (tile + 2);
    };
    int best = 3;
    for (int tile : {4, 5, 7}) best = 8 * products(tile) < 7 * products(best) ? tile : best;
    with_tile(best, body);
}

// Transformed tiles of a block: frequency by frequency a matrix of tiles × channels.
struct FrequencyLayout {
    std::int64_t tile_stride, frequency_stride;
    FrequencyLayout(std::int64_t tiles, std::int64_t channels)
        : tile_stride(odd_lines(channels)), frequency_stride(odd_lines(tiles * tile_stride)) {}
};

// Transforms tiles [range) of the maps to out[frequency][tile − range.begin][channel].
template <class Transform, int kTile>
void transform_maps(const TileGrid& grid, const float* maps, std::int64_t channels, Range range, float* out,
                    const FrequencyLayout& layout) {
    constexpr int kMargin = Transform::kFrom == kTile ? 0 : 1;  // inputs reach one pixel over the outputs
    for (std::int64_t tile = range.begin; tile < range.end; ++tile) {
        PatchReader<Transform::kFrom> patch(grid, maps, channels, tile, kMargin);
        float* to = out + (tile - range.begin) * layout.tile_stride;
        for (std::int64_t channel = 0; channel < channels; channel += kLanes) {
            transform_tile<Transform>(
                patch.channels_from(channel),
                {to + channel, Transform::kTo * layout.frequency_stride, layout.frequency_stride});
        }
    }
}

template <int kTile>
class Convolution {
    using Transform = WinogradTransform<kTile>;
    static constexpr int kPoints = Transform::kPoints, kFrequencies = Transform::Basis::kFrequencies;

  public:
    Convolution(const Conv3x3Job& job, int threads)
        : job_(job),
          grid_{job.batch, job.height, job.width, kTile},
          block_tiles_(std::min(kBlockTiles, divide_up(grid_.tiles(), threads))),
          in_(block_tiles_, job.in_channels),
          out_(block_tiles_, job.out_channels),
          weight_stride_(odd_lines(job.in_channels * job.out_channels)),
          threads_(threads) {
        KernelScratch& scratch = thread_scratch();
        if (job.prepared == nullptr) weight_ = scratch.transformed_weight.request(prepared_floats(job));
        frequencies_in_ = scratch.transformed_input.request(threads * kFrequencies * in_.frequency_stride);
        frequencies_out_ = scratch.transformed_output.request(threads * kFrequencies * out_.frequency_stride);
    }

    // What transform_weights() writes: all a later job of the same channels needs of them.
    static std::int64_t prepared_floats(const Conv3x3Job& job) {
        return kFrequencies * odd_lines(job.in_channels * job.out_channels);
    }

    void prepare_into(float* prepared) {
        weight_ = prepared;
        transform_weights({0, job_.in_channels});
    }

    // Weights once; then each thread takes blocks of tiles through all three steps, so that only weights,
    // inputs and outputs travel through memory and the frequencies of a block stay in cache. Blocks are
    // independent: who computes one does not change it, and a thread that is disturbed takes fewer.
    void run() {
        const std::int64_t tiles = grid_.tiles();
#pragma omp parallel num_threads(threads_)
        {
            if (job_.prepared == nullptr) {
                transform_weights(part_of(job_.in_channels, omp_get_num_threads(), omp_get_thread_num()));
#pragma omp barrier
            }
#pragma omp for schedule(dynamic)
            for (std::int64_t begin = 0; begin < tiles; begin += block_tiles_) {
                run_block({begin, std::min(begin + block_tiles_, tiles)}, omp_get_thread_num());
            }
        }
    }

  private:
    // Enough tiles to repay reading the weights again for each block, few enough for their frequencies to
    // stay in the thread's share of the cache; measured, and flat between 48 and 96.
    static constexpr std::int64_t kBlockTiles = 72;

    void run_block(Range tiles, int thread) {
        const float* weight = job_.prepared != nullptr ? job_.prepared : weight_;
        float* in = frequencies_in_ + thread * kFrequencies * in_.frequency_stride;
        float* out = frequencies_out_ + thread * kFrequencies * out_.frequency_stride;
        transform_maps<typename Transform::Input, kTile>(grid_, job_.input, job_.in_channels, tiles, in, in_);
        for (int frequency = 0; frequency < kFrequencies; ++frequency) {
            multiply<true>({.a = in + frequency * in_.frequency_stride,
                            .a_row_stride = in_.tile_stride,
                            .a_depth_stride = 1,
                            .b = weight + frequency * weight_stride_,
                            .b_depth_stride = 0,
                            .c = out + frequency * out_.frequency_stride,
                            .c_row_stride = out_.tile_stride,
                            .rows = tiles.end - tiles.begin,
                            .columns = job_.out_channels,
                            .depth = job_.in_channels,
                            .accumulate = false});
        }
        for (std::int64_t tile = tiles.begin; tile < tiles.end; ++tile) {
            write_outputs(tile, out + (tile - tiles.begin) * out_.tile_stride);
        }
    }

    void write_outputs(std::int64_t tile, const float* frequencies) {
        auto [image, y, x] = grid_.position(tile);
        std::int64_t channels = job_.out_channels;
        float* to = job_.output + ((image * grid_.height + y) * grid_.width + x) * channels;
        int rows = static_cast<int>(std::min<std::int64_t>(kTile, grid_.height - y));
        int columns = static_cast<int>(std::min<std::int64_t>(kTile, grid_.width - x));
        with_finisher(job_.finish, [&](auto finisher) {
            for (std::int64_t channel = 0; channel < channels; channel += kLanes) {
                transform_tile<typename Transform::Output>(
                    {frequencies + channel, kPoints * out_.frequency_stride, out_.frequency_stride},
                    {to + channel, grid_.width * channels, channels}, rows, columns, finisher(job_.bias + channel));
            }
        });
    }

    // To the packed panels that multiply() reads, for input channels [in).
    void transform_weights(Range in) {
        for (std::int64_t column = 0; column < job_.out_channels;) {
            int vectors = panel_vectors(job_.out_channels - column);
            for (std::int64_t i = in.begin; i < in.end; ++i) {
                float* to = weight_ + column * job_.in_channels + i * vectors * kLanes;
                for (int v = 0; v < vectors; ++v) transform_weight(i, column + v * kLanes, to + v * kLanes);
            }
            column += vectors * kLanes;
        }
    }

    // The weights of kLanes output channels; they may lie apart.
    void transform_weight(std::int64_t in, std::int64_t out, float* to) {
        alignas(64) float weight[3][3][kLanes];
        const float* from = job_.weight + in * job_.weight_in_stride + out * job_.weight_out_stride;
        for (int y = 0; y < 3; ++y) {
            for (int x = 0; x < 3; ++x) {
                const float* tap = from + y * job_.weight_row_stride + x * job_.weight_column_stride;
                if (job_.weight_out_stride == 1) {
                    store(weight[y][x], load(tap));
                    continue;
                }
                for (int lane = 0; lane < kLanes; ++lane) weight[y][x][lane] = tap[lane * job_.weight_out_stride];
            }
        }
        transform_tile<typename Transform::Weight>({weight[0][0], 3 * kLanes, kLanes},
                                                   {to, kPoints * weight_stride_, weight_stride_});
    }

    const Conv3x3Job& job_;
    TileGrid grid_;
    std::int64_t block_tiles_;
    FrequencyLayout in_, out_;
    std::int64_t weight_stride_;
    int threads_;
    float* weight_ = nullptr;
    float *frequencies_in_, *frequencies_out_;
};

inline void winograd_convolve(const Conv3x3Job& job, int threads) {
    with_best_tile(job.height, job.width, [&](auto tile) { Convolution<decltype(tile)::value>(job, threads).run(); });
}

template <int kTile>
class WeightGradient {
    using Transform = WinogradTransform<kTile>;
    static constexpr int kPoints = Transform::kPoints, kFrequencies = Transform::Basis::kFrequencies;

  public:
    WeightGradient(const Conv3x3WeightGradientJob& job, int threads)
        : job_(job),
          grid_{job.batch, job.height, job.width, kTile},
          chunk_tiles_(std::min(kChunkTiles, grid_.tiles())),
          in_(chunk_tiles_, job.in_channels),
          out_(chunk_tiles_, job.out_channels),
          sum_stride_(odd_lines(job.in_channels * job.out_channels)),
          threads_(threads),
          alone_(threads * kFrequencies * sum_stride_ * sizeof(float) <= kLargestSums) {
        int sets = alone_ ? threads : 1;
        KernelScratch& scratch = thread_scratch();
        sum_ = scratch.transformed_weight.request(sets * kFrequencies * sum_stride_);
        frequencies_in_ = scratch.transformed_input.request(sets * kFrequencies * in_.frequency_stride);
        frequencies_out_ = scratch.transformed_output.request(sets * kFrequencies * out_.frequency_stride);
    }

    void run() {
#pragma omp parallel num_threads(threads_)
        {
            int thread = omp_get_thread_num(), threads = omp_get_num_threads();
            if (alone_) {
                run_alone(part_of(grid_.tiles(), threads, thread), thread);
            } else {
                run_together();
            }
#pragma omp barrier
            write_gradient(part_of(job_.out_channels, threads, thread), alone_ ? threads : 1);
        }
    }

  private:
    static constexpr std::int64_t kBlockRows = 8 * kMaxRows<2>;
    static constexpr std::int64_t kChunkTiles = 96;        // measured, as kBlockTiles of Convolution
    static constexpr std::size_t kLargestSums = 8u << 20;  // bytes that still fit in cache beside the frequencies

    // With few channels each thread has its own sums, and nobody waits.
    void run_alone(Range part, int set) {
        if (part.begin == part.end) clear_sums(set);
        for (std::int64_t begin = part.begin; begin < part.end; begin += chunk_tiles_) {
            Range tiles{begin, std::min(begin + chunk_tiles_, part.end)};
            transform_tiles(tiles, begin, set);
            for (std::int64_t item = 0; item < kFrequencies * row_blocks(); ++item) {
                add_products(item, tiles.end - tiles.begin, begin > part.begin, set);
            }
        }
    }

    // With many channels there is one set of sums: all threads transform a chunk of tiles, then each adds
    // products for some of the frequencies. The order of addition does not depend on the threads.
    void run_together() {
        for (std::int64_t begin = 0; begin < grid_.tiles(); begin += chunk_tiles_) {
            const std::int64_t tiles = std::min(chunk_tiles_, grid_.tiles() - begin);
            const std::int64_t items = kFrequencies * row_blocks();
#pragma omp for schedule(dynamic, 4)
            for (std::int64_t tile = begin; tile < begin + tiles; ++tile) {
                transform_tiles({tile, tile + 1}, begin, 0);
            }
#pragma omp for schedule(dynamic, 6)
            for (std::int64_t item = 0; item < items; ++item) add_products(item, tiles, begin > 0, 0);
        }
    }

    std::int64_t row_blocks() const {
        return divide_up(job_.out_channels, kBlockRows);
    }

    void transform_tiles(Range tiles, std::int64_t chunk_begin, int set) {
        std::int64_t offset = tiles.begin - chunk_begin;
        transform_maps<typename Transform::Input, kTile>(grid_, job_.input, job_.in_channels, tiles,
                                                         in_frequencies(set) + offset * in_.tile_stride, in_);
        transform_maps<typename Transform::OutputGradient, kTile>(grid_, job_.output_gradient, job_.out_channels, tiles,
                                                                  out_frequencies(set) + offset * out_.tile_stride,
                                                                  out_);
    }

    // Item is a frequency and a block of output channels: sum[frequency][out][in] += over tiles of out · in.
    void add_products(std::int64_t item, std::int64_t tiles, bool accumulate, int set) {
        std::int64_t frequency = item / row_blocks(), row = item % row_blocks() * kBlockRows;
        multiply<false>({.a = out_frequencies(set) + frequency * out_.frequency_stride + row,
                         .a_row_stride = 1,
                         .a_depth_stride = out_.tile_stride,
                         .b = in_frequencies(set) + frequency * in_.frequency_stride,
                         .b_depth_stride = in_.tile_stride,
                         .c = sums(set) + frequency * sum_stride_ + row * job_.in_channels,
                         .c_row_stride = job_.in_channels,
                         .rows = std::min(kBlockRows, job_.out_channels - row),
                         .columns = job_.in_channels,
                         .depth = tiles,
                         .accumulate = accumulate});
    }

    // Adds the sets of sums, always in the same order, and transforms the result.
    void write_gradient(Range out_channels, int sets) {
        std::int64_t channels = job_.in_channels;
        for (std::int64_t out = out_channels.begin; out < out_channels.end; ++out) {
            for (std::int64_t in = 0; in < channels; in += kLanes) {
                alignas(64) float total[kFrequencies][kLanes];
                for (int frequency = 0; frequency < kFrequencies; ++frequency) {
                    std::int64_t place = frequency * sum_stride_ + out * channels + in;
                    Vec sum = load(sums(0) + place);
                    for (int set = 1; set < sets; ++set) sum += load(sums(set) + place);
                    store(total[frequency], sum);
                }
                transform_tile<typename Transform::WeightGradient>(
                    {total[0], kPoints * kLanes, kLanes},
                    {job_.weight_gradient + out * 9 * channels + in, 3 * channels, channels});
            }
        }
    }

    void clear_sums(int set) {
        std::memset(sums(set), 0, kFrequencies * sum_stride_ * sizeof(float));
    }
    float* sums(int set) {
        return sum_ + set * kFrequencies * sum_stride_;
    }
    float* in_frequencies(int set) {
        return frequencies_in_ + set * kFrequencies * in_.frequency_stride;
    }
    float* out_frequencies(int set) {
        return frequencies_out_ + set * kFrequencies * out_.frequency_stride;
    }

    const Conv3x3WeightGradientJob& job_;
    TileGrid grid_;
    std::int64_t chunk_tiles_;
    FrequencyLayout in_, out_;
    std::int64_t sum_stride_;
    int threads_;
    bool alone_;
    float *sum_, *frequencies_in_, *frequencies_out_;
};

inline void winograd_weight_gradient(const Conv3x3WeightGradientJob& job, int threads) {
    with_best_tile(job.height, job.width,
                   [&](auto tile) { WeightGradient<decltype(tile)::value>(job, threads).run(); });
}

}  // namespace tundish::TUNDISH_ISA
