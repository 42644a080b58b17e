// The same 3x3 convolution as one matrix product: rows are pixels with their 3x3 neighbourhoods, columns are output
// channels. For a few small images it beats Winograd's algorithm, whose transformed weights are 3 to 9 times as large
// and are read for a handful of tiles.
#pragma once

#include "model/kernels/conv3x3_kernels.hpp"
#include "model/kernels/finish.hpp"
#include "model/kernels/gemm_block.hpp"
#include "model/kernels/row_range.hpp"
#include "model/kernels/scratch_buffer.hpp"

#include <omp.h>

#include <algorithm>
#include <cstring>

namespace tundish::TUNDISH_ISA {

inline constexpr int kDirect = PreparedConv3x3::kDirect;

// Weights (dy, dx, in, out) as the packed panels that multiply() reads: depth is (dy, dx, in).
inline void direct_prepare(const Conv3x3Job& job, float* prepared) {
    const std::int64_t depth = 9 * job.in_channels;
    for (std::int64_t column = 0; column < job.out_channels;) {
        const std::int64_t width = panel_vectors(job.out_channels - column) * kLanes;
        float* to = prepared + column * depth;
        for (std::int64_t k = 0; k < depth; ++k, to += width) {
            std::copy_n(job.weight + k * job.out_channels + column, width, to);
        }
        column += width;
    }
}

class DirectConvolution {
  public:
    DirectConvolution(const Conv3x3Job& job, int threads)
        : job_(job), depth_(9 * job.in_channels), rows_(job.batch * job.height * job.width), threads_(threads) {
        // A lone small map has too few rows for all threads: they share its columns instead.
        column_parts_ = rows_ < threads * kBlockRows ? std::min<std::int64_t>(threads, job.out_channels / kPart) : 1;
        column_parts_ = std::max<std::int64_t>(column_parts_, 1);
        neighbours_ = thread_scratch().transformed_input.request(threads * kBlockRows * row_stride());
    }

    void run() {
        const std::int64_t blocks = divide_up(rows_, kBlockRows) * column_parts_;
#pragma omp parallel for schedule(dynamic) num_threads(threads_)
        for (std::int64_t block = 0; block < blocks; ++block) {
            const std::int64_t begin = block / column_parts_ * kBlockRows;
            run_block({begin, std::min(begin + kBlockRows, rows_)}, block % column_parts_, omp_get_thread_num());
        }
    }

  private:
    static constexpr std::int64_t kBlockRows = 48;     // their neighbourhoods stay in L2 beside a panel of weights
    static constexpr std::int64_t kPart = 6 * kLanes;  // panels of 2 and of 3 vectors both end here

    std::int64_t row_stride() const {
        return depth_ + 16;
    }  // apart from powers of two

    Range columns_of(std::int64_t part) const {
        const auto edge = [&](std::int64_t index) {
            return index == column_parts_ ? job_.out_channels
                                          : job_.out_channels * index / column_parts_ / (2 * kLanes) * (2 * kLanes);
        };
        return {edge(part), edge(part + 1)};
    }

    void run_block(Range rows, std::int64_t part, int thread) {
        float* neighbours = neighbours_ + thread * kBlockRows * row_stride();
        for (std::int64_t row = rows.begin; row < rows.end; ++row) {
            gather(row, neighbours + (row - rows.begin) * row_stride());
        }
        const Range columns = columns_of(part);
        float* to = job_.output + rows.begin * job_.out_channels + columns.begin;
        multiply<true>({.a = neighbours,
                        .a_row_stride = row_stride(),
                        .a_depth_stride = 1,
                        .b = job_.prepared + columns.begin * depth_,
                        .b_depth_stride = 0,
                        .c = to,
                        .c_row_stride = job_.out_channels,
                        .rows = rows.end - rows.begin,
                        .columns = columns.end - columns.begin,
                        .depth = depth_,
                        .accumulate = false});
        finish_rows(job_.finish, job_.bias + columns.begin, rows.end - rows.begin, job_.out_channels,
                    columns.end - columns.begin, to);
    }

    // The 3x3 pixels around one, zeros outside the map.
    void gather(std::int64_t row, float* to) const {
        const std::int64_t x = row % job_.width, y = row / job_.width % job_.height;
        const std::size_t bytes = static_cast<std::size_t>(job_.in_channels) * sizeof(float);
        for (std::int64_t dy = -1; dy <= 1; ++dy) {
            for (std::int64_t dx = -1; dx <= 1; ++dx, to += job_.in_channels) {
                const bool inside = y + dy >= 0 && y + dy < job_.height && x + dx >= 0 && x + dx < job_.width;
                if (inside) std::memcpy(to, job_.input + (row + dy * job_.width + dx) * job_.in_channels, bytes);
                if (!inside) std::memset(to, 0, bytes);
            }
        }
    }

    const Conv3x3Job& job_;
    std::int64_t depth_, rows_, column_parts_ = 1;
    int threads_;
    float* neighbours_;
};

inline void direct_convolve(const Conv3x3Job& job, int threads) {
    DirectConvolution(job, threads).run();
}

}  // namespace tundish::TUNDISH_ISA
