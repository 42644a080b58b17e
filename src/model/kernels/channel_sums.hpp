// Sums of two terms per channel over many rows, the same bits for any number of threads.
//
// Rows are cut into blocks that do not depend on the threads. Within a block, short stretches are summed in
// float and the stretches in double; the blocks are added in order.
#pragma once

#include "model/kernels/row_range.hpp"
#include "model/kernels/scratch_buffer.hpp"

#include <cstring>
#include <omp.h>

namespace tundish::TUNDISH_ISA {

class ChannelSums {
  public:
    // Memory comes from the calling thread's scratch: one object at a time, and it must stay in its thread's
    // hands.
    ChannelSums(std::int64_t rows, std::int64_t channels, int threads)
        : rows_(rows), channels_(channels), blocks_(std::min(kMostBlocks, divide_up(rows, kStretch))) {
        KernelScratch& scratch = thread_scratch();
        blocks_sums_ = scratch.transformed_input.request_doubles(blocks_ * 2 * channels);
        stretch_sums_ = scratch.transformed_output.request(threads * thread_stride());
    }

    // Inside a parallel region: all threads call it together, and wait for each other at its end. terms(row,
    // channel, first, second) sets the two terms of kLanes channels.
    template <class Terms>
    void add_rows(Terms terms) {
#pragma omp for schedule(dynamic)
        for (std::int64_t block = 0; block < blocks_; ++block) add_block(block, terms);
    }

    double first(std::int64_t channel) const {
        return total(channel);
    }
    double second(std::int64_t channel) const {
        return total(channels_ + channel);
    }

  private:
    static constexpr std::int64_t kMostBlocks = 128, kStretch = 128, kRowsAtOnce = 4;

    std::int64_t thread_stride() const {
        return divide_up(2 * channels_, 16) * 16;
    }

    double total(std::int64_t column) const {
        double sum = 0;
        for (std::int64_t block = 0; block < blocks_; ++block) sum += blocks_sums_[block * 2 * channels_ + column];
        return sum;
    }

    template <class Terms>
    void add_block(std::int64_t block, Terms& terms) {
        double* block_sums = blocks_sums_ + block * 2 * channels_;
        float* sums = stretch_sums_ + omp_get_thread_num() * thread_stride();
        std::memset(block_sums, 0, 2 * channels_ * sizeof(double));
        Range rows = part_of(rows_, blocks_, block);
        for (std::int64_t row = rows.begin; row < rows.end; row += kStretch) {
            std::memset(sums, 0, 2 * channels_ * sizeof(float));
            add_stretch({row, std::min(row + kStretch, rows.end)}, sums, terms);
            for (std::int64_t i = 0; i < 2 * channels_; ++i) block_sums[i] += sums[i];
        }
    }

    // A few rows at once: fewer trips of the sums between registers and cache.
    template <class Terms>
    void add_stretch(Range rows, float* sums, Terms& terms) {
        for (std::int64_t row = rows.begin; row < rows.end; row += kRowsAtOnce) {
            std::int64_t end = std::min(row + kRowsAtOnce, rows.end);
            for (std::int64_t channel = 0; channel < channels_; channel += kLanes) {
                Vec first_sum = load(sums + channel), second_sum = load(sums + channels_ + channel);
                for (std::int64_t r = row; r < end; ++r) {
                    Vec first, second;
                    terms(r, channel, first, second);
                    first_sum += first;
                    second_sum += second;
                }
                store(sums + channel, first_sum);
                store(sums + channels_ + channel, second_sum);
            }
        }
    }

    std::int64_t rows_, channels_, blocks_;
    double* blocks_sums_;
    float* stretch_sums_;
};

// Inside a parallel region: body(row, channel) for all rows and vectors of channels; threads wait at its end.
template <class Body>
void for_each_row(std::int64_t rows, std::int64_t channels, Body body) {
    constexpr std::int64_t kRows = 64;
#pragma omp for schedule(dynamic)
    for (std::int64_t begin = 0; begin < rows; begin += kRows) {
        for (std::int64_t row = begin; row < std::min(begin + kRows, rows); ++row) {
            for (std::int64_t channel = 0; channel < channels; channel += kLanes) body(row, channel);
        }
    }
}

}  // namespace tundish::TUNDISH_ISA
