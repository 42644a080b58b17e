// Our fused passes beside LibTorch's operators, for the maps of the airbench net. Both run in turn in one
// process, so that other load on the machine falls on both; medians. Usage: fused_elementwise_bench [batch]
// [rounds] [threads]
#include "tundish/model/fused_elementwise.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <vector>

namespace {

using at::Tensor;

struct Map {
    std::int64_t batch, side, channels;
    std::int64_t rows() const { return batch * side * side; }
};

template <class Body>
double seconds(Body body) {
    auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

Tensor random_map(std::int64_t batch, std::int64_t channels, std::int64_t side) {
    return at::randn({batch, channels, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
}

double difference(const Tensor& a, const Tensor& b) {
    return (a - b).abs().max().item<double>();
}

// Runs both in turn and prints medians and the largest difference of what they return.
template <class Torch, class Ours>
void compare(const char* name, const Map& map, int rounds, Torch torch, Ours ours) {
    std::vector<double> torch_times, our_times;
    Tensor expected = torch(), actual = ours();
    double error = difference(expected, actual);
    for (int round = 0; round < rounds; ++round) {
        torch_times.push_back(seconds([&] { expected = torch(); }));
        our_times.push_back(seconds([&] { actual = ours(); }));
    }
    double torch_time = median(torch_times), our_time = median(our_times);
    std::printf("%-27s %3ld at %2ldx%-2ld  Torch %8.2f ms, ours %8.2f ms, %5.2fx, difference %.0e\n", name,
                map.channels, map.side, map.side, torch_time * 1e3, our_time * 1e3, torch_time / our_time, error);
    std::fflush(stdout);
}

void compare_batch_norm_gelu(const Map& map, int rounds, int threads) {
    Tensor input = random_map(map.batch, map.channels, map.side),
           gradient = random_map(map.batch, map.channels, map.side);
    Tensor bias = at::randn({map.channels}), ones = at::ones({map.channels});
    Tensor mean = at::zeros({map.channels}), variance = at::ones({map.channels});
    Tensor our_mean = at::empty({map.channels}), our_variance = at::empty({map.channels}),
           our_bias = at::empty({map.channels});
    Tensor normalised, saved_mean, saved_inverse;
    tundish::BatchNormShape shape{.rows = map.rows(), .channels = map.channels, .epsilon = 1e-12F};
    tundish::BatchNormStatistics statistics{our_mean.mutable_data_ptr<float>(), our_variance.mutable_data_ptr<float>()};
    compare(
        "batch norm, GELU: forward", map, rounds,
        [&] {
            std::tie(normalised, saved_mean, saved_inverse) =
                at::native_batch_norm(input, ones, bias, mean, variance, true, 0.4, 1e-12);
            return at::gelu(normalised);
        },
        [&] {
            Tensor output = at::empty_like(input);
            tundish::batch_norm_gelu_forward(shape, input.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                                             output.mutable_data_ptr<float>(), statistics, threads);
            return output;
        });
    compare(
        "batch norm, GELU: backward", map, rounds,
        [&] {
            Tensor through = at::gelu_backward(gradient, normalised);
            return std::get<0>(at::native_batch_norm_backward(through, input, ones, mean, variance, saved_mean,
                                                              saved_inverse, true, 1e-12, {true, false, true}));
        },
        [&] {
            Tensor result = at::empty_like(input);
            tundish::batch_norm_gelu_backward(shape, input.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                                              statistics, gradient.const_data_ptr<float>(),
                                              result.mutable_data_ptr<float>(), our_bias.mutable_data_ptr<float>(),
                                              threads);
            return result;
        });
}

void compare_bias_gelu(const Map& map, int rounds, int threads) {
    Tensor input = random_map(map.batch, map.channels, map.side),
           gradient = random_map(map.batch, map.channels, map.side);
    Tensor bias = at::zeros({map.channels}), our_bias = at::empty({map.channels});
    compare(
        "GELU: forward", map, rounds, [&] { return at::gelu(input); },
        [&] {
            Tensor output = at::empty_like(input);
            tundish::bias_gelu_forward(map.rows(), map.channels, input.const_data_ptr<float>(),
                                       bias.const_data_ptr<float>(), output.mutable_data_ptr<float>(), threads);
            return output;
        });
    compare(
        "GELU: backward", map, rounds, [&] { return at::gelu_backward(gradient, input); },
        [&] {
            Tensor result = at::empty_like(input);
            tundish::bias_gelu_backward(map.rows(), map.channels, input.const_data_ptr<float>(),
                                        bias.const_data_ptr<float>(), gradient.const_data_ptr<float>(),
                                        result.mutable_data_ptr<float>(), our_bias.mutable_data_ptr<float>(), threads);
            return result;
        });
}

void compare_max_pool(const Map& map, int rounds, int threads) {
    Tensor input = random_map(map.batch, map.channels, map.side);
    Tensor gradient = random_map(map.batch, map.channels, map.side / 2), places;
    Tensor winner = at::empty(gradient.sizes(), at::kByte);
    tundish::MaxPoolShape shape{.batch = map.batch, .height = map.side, .width = map.side, .channels = map.channels};
    compare(
        "max-pooling: forward", map, rounds,
        [&] {
            Tensor output;
            std::tie(output, places) = at::max_pool2d_with_indices(input, {2, 2});
            return output;
        },
        [&] {
            Tensor output = at::empty_like(gradient);
            tundish::max_pool_forward(shape, input.const_data_ptr<float>(), output.mutable_data_ptr<float>(),
                                      winner.mutable_data_ptr<std::uint8_t>(), threads);
            return output;
        });
    compare(
        "max-pooling: backward", map, rounds,
        [&] {
            return at::max_pool2d_with_indices_backward(gradient, input, {2, 2}, {2, 2}, {0, 0}, {1, 1}, false, places);
        },
        [&] {
            Tensor result = at::empty_like(input);
            tundish::max_pool_backward(shape, gradient.const_data_ptr<float>(), winner.const_data_ptr<std::uint8_t>(),
                                       result.mutable_data_ptr<float>(), threads);
            return result;
        });
}

}  // namespace

int main(int argc, char** argv) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);  // freed tensors stay in the heap, as in training
    mallopt(M_TRIM_THRESHOLD, 2000000000);
    mallopt(M_TOP_PAD, 256 << 20);
    std::int64_t batch = argc > 1 ? std::atol(argv[1]) : 2000;
    int rounds = argc > 2 ? std::atoi(argv[2]) : 5, threads = argc > 3 ? std::atoi(argv[3]) : 2;
    at::set_num_threads(threads);
    compare_bias_gelu({batch, 31, 24}, rounds, threads);
    for (Map map : {Map{batch, 31, 64}, Map{batch, 15, 256}, Map{batch, 7, 256}})
        compare_max_pool(map, rounds, threads);
    for (Map map : {Map{batch, 15, 64}, Map{batch, 7, 256}, Map{batch, 3, 256}}) {
        compare_batch_norm_gelu(map, rounds, threads);
    }
}
