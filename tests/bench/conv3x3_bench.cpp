// Our 3x3 convolutions beside LibTorch's (oneDNN), for the layers of the airbench net. Both run in turn in
// one process, so that other load on the machine falls on both; medians. Usage: conv3x3_bench [batch]
// [rounds] [threads]
#include "tundish/model/conv3x3.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <vector>

namespace {

using at::Tensor;
using tundish::Conv3x3Shape;

// Forward, input gradient, weight gradient, in seconds.
using Times = std::array<double, 3>;

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

// The tensors of one layer and what LibTorch and we make of them.
class Layer {
  public:
    explicit Layer(const Conv3x3Shape& shape) : shape_(shape) {
        auto make = [](std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
            return at::randn({n, c, h, w}).contiguous(at::MemoryFormat::ChannelsLast);
        };
        input_ = make(shape.batch, shape.in_channels, shape.height, shape.width);
        weight_ = make(shape.out_channels, shape.in_channels, 3, 3);
        output_gradient_ = make(shape.batch, shape.out_channels, shape.height, shape.width);
    }

    Times run_torch() {
        auto gradient = [&](std::array<bool, 3> wanted) {
            auto result = at::convolution_backward(output_gradient_, input_, weight_, at::OptionalIntArrayRef(), {1, 1},
                                                   {1, 1}, {1, 1}, false, {0, 0}, 1, wanted);
            (wanted[0] ? torch_input_gradient_ : torch_weight_gradient_) =
                std::get<0>(result).defined() ? std::get<0>(result) : std::get<1>(result);
        };
        return {seconds([&] { torch_output_ = at::conv2d(input_, weight_, {}, 1, 1); }), seconds([&] {
                    gradient({true, false, false});
                }),
                seconds([&] {
                    gradient({false, true, false});
                })};
    }

    Times run_ours(int threads) {
        const float* input = input_.const_data_ptr<float>();
        const float* weight = weight_.const_data_ptr<float>();
        const float* output_gradient = output_gradient_.const_data_ptr<float>();
        return {seconds([&] {
                    output_ = at::empty_like(output_gradient_);
                    tundish::conv3x3_forward(shape_, input, weight, output_.mutable_data_ptr<float>(), threads);
                }),
                seconds([&] {
                    input_gradient_ = at::empty_like(input_);
                    tundish::conv3x3_input_gradient(shape_, output_gradient, weight,
                                                    input_gradient_.mutable_data_ptr<float>(), threads);
                }),
                seconds([&] {
                    weight_gradient_ = at::empty_like(weight_);
                    tundish::conv3x3_weight_gradient(shape_, input, output_gradient,
                                                     weight_gradient_.mutable_data_ptr<float>(), threads);
                })};
    }

    // Largest difference over the RMS, of each result.
    Times differences() const {
        auto difference = [](const Tensor& ours, const Tensor& torch) {
            return ((ours - torch).abs().max() / torch.square().mean().sqrt()).item<double>();
        };
        return {difference(output_, torch_output_), difference(input_gradient_, torch_input_gradient_),
                difference(weight_gradient_, torch_weight_gradient_)};
    }

  private:
    Conv3x3Shape shape_;
    Tensor input_, weight_, output_gradient_;
    Tensor output_, input_gradient_, weight_gradient_;
    Tensor torch_output_, torch_input_gradient_, torch_weight_gradient_;
};

void print(const Conv3x3Shape& s, const Times& torch, const Times& ours, const Times& differences) {
    double flops = 18.0 * s.batch * s.height * s.width * s.in_channels * s.out_channels;
    std::printf("%3ld->%3ld %2ldx%-2ld |", s.in_channels, s.out_channels, s.height, s.width);
    for (int i = 0; i < 3; ++i) {
        std::printf(" %7.2f %7.2f ms %4.2fx %4.0f GF %.0e |", torch[i] * 1e3, ours[i] * 1e3, torch[i] / ours[i],
                    flops / ours[i] * 1e-9, differences[i]);
    }
    std::printf(" all %4.2fx\n", (torch[0] + torch[1] + torch[2]) / (ours[0] + ours[1] + ours[2]));
}

void add_layer(const Conv3x3Shape& shape, int rounds, int threads, double& torch_total, double& our_total) {
    Layer layer(shape);
    std::array<std::vector<double>, 3> torch, ours;
    layer.run_torch();
    layer.run_ours(threads);
    for (int round = 0; round < rounds; ++round) {
        Times torch_times = layer.run_torch(), our_times = layer.run_ours(threads);
        for (int i = 0; i < 3; ++i) torch[i].push_back(torch_times[i]), ours[i].push_back(our_times[i]);
    }
    Times torch_medians, our_medians;
    for (int i = 0; i < 3; ++i) {
        torch_total += torch_medians[i] = median(torch[i]);
        our_total += our_medians[i] = median(ours[i]);
    }
    print(shape, torch_medians, our_medians, layer.differences());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);  // freed tensors stay in the heap, as in training
    mallopt(M_TRIM_THRESHOLD, 2000000000);
    mallopt(M_TOP_PAD, 256 << 20);
    std::int64_t batch = argc > 1 ? std::atol(argv[1]) : 2000;
    int rounds = argc > 2 ? std::atoi(argv[2]) : 5, threads = argc > 3 ? std::atoi(argv[3]) : 2;
    at::set_num_threads(threads);
    const std::array<std::int64_t, 3> layers[] = {{31, 24, 64},  {15, 64, 64},  {15, 64, 256},
                                                  {7, 256, 256}, {7, 256, 256}, {3, 256, 256}};
    double torch_total = 0, our_total = 0;
    std::printf("batch %ld: forward | input gradient | weight gradient, each Torch, ours, ratio, rate, difference\n",
                batch);
    for (auto [side, in, out] : layers) {
        Conv3x3Shape shape{.batch = batch, .height = side, .width = side, .in_channels = in, .out_channels = out};
        add_layer(shape, rounds, threads, torch_total, our_total);
    }
    std::printf("all layers: Torch %.1f ms, ours %.1f ms, %.2fx\n", torch_total * 1e3, our_total * 1e3,
                torch_total / our_total);
}
