// 2x2 max-pooling with what follows it.
#pragma once

#include "model/kernels/finish.hpp"
#include "model/kernels/inference_layers_kernels.hpp"
#include "model/kernels/max_pool.hpp"

namespace tundish::TUNDISH_ISA {

inline Vec largest_of_window(const PoolWindow& window, const float* input) {
    Vec largest = load(input);
    unroll<3>([&](auto i) {
        Vec value = load(input + window.offset[i + 1]);
        largest = (value > largest) | (value != value) ? value : largest;
    });
    return largest;
}

inline void pool_rows(const PoolJob& job, int threads) {
    const PoolWindow window(job.shape);
    const std::int64_t rows = job.shape.batch * (job.shape.height / 2), channels = job.shape.channels;
    with_finisher(job.finish, [&](auto finisher) {
#pragma omp parallel for schedule(static) num_threads(threads)
        for (std::int64_t row = 0; row < rows; ++row) {
            for_each_window(job.shape, row, [&](std::int64_t from, std::int64_t to) {
                for (std::int64_t c = 0; c < channels; c += kLanes) {
                    const auto apply = finisher(job.bias + c);
                    store(job.output + to * channels + c,
                          apply(largest_of_window(window, job.input + from * channels + c)));
                }
            });
        }
    });
}

}  // namespace tundish::TUNDISH_ISA
