// prepared_conv_bench - microseconds an image of each algorithm of a prepared convolution, on the layers of airbench.
//
//   prepared_conv_bench
//
// One thread. '*' marks what PreparedConv3x3 chooses when it may choose among all; the constants of its cost come from
// here.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "tundish/base/stopwatch.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace {

using namespace tundish;

double best_microseconds(const PreparedConv3x3& conv, int algorithm, std::int64_t batch,
                         const std::vector<float>& input, std::vector<float>& output) {
    double best = 1e9;
    for (int round = 0; round < 9; ++round) {
        const Stopwatch watch;
        conv.run_as(algorithm, batch, input.data(), output.data(), 1);
        best = std::min(best, 1e6 * watch.seconds() / static_cast<double>(batch));
    }
    return best;
}

std::string name_of(int algorithm) {
    if (algorithm == PreparedConv3x3::kDirect) return "direct";
    return algorithm == PreparedConv3x3::kAmx ? "AMX" : std::to_string(algorithm) + "x";
}

}  // namespace

int main() {
    std::vector<int> algorithms{PreparedConv3x3::kDirect, 3, 4, 5, 7};
    if (PreparedConv3x3::runs({1, 1, 16, 16}, Products::bf16)) algorithms.push_back(PreparedConv3x3::kAmx);
    constexpr std::int64_t kLargest = 64;
    for (const MapShape& s : std::array<MapShape, 6>{{{31, 31, 24, 64},
                                                      {15, 15, 64, 64},
                                                      {15, 15, 64, 256},
                                                      {7, 7, 256, 256},
                                                      {3, 3, 256, 256},
                                                      {16, 16, 128, 128}}}) {
        const std::vector<float> weight(static_cast<std::size_t>(9 * s.in_channels * s.out_channels), 0.01F);
        const PreparedConv3x3 conv(s, weight.data(), {}, Finish::none, algorithms);
        const std::vector<float> input(static_cast<std::size_t>(kLargest * s.height * s.width * s.in_channels), 1.0F);
        std::vector<float> output(static_cast<std::size_t>(kLargest * s.height * s.width * s.out_channels));
        std::printf("%ldx%ld, %ld -> %ld channels\n", s.height, s.width, s.in_channels, s.out_channels);
        for (const std::int64_t batch : {1, 2, 4, 8, 32, 64}) {
            std::printf("  batch %2ld:", batch);
            for (const int algorithm : algorithms) {
                std::printf("  %s %7.1f%c", name_of(algorithm).c_str(),
                            best_microseconds(conv, algorithm, batch, input, output),
                            conv.algorithm_for(batch) == algorithm ? '*' : ' ');
            }
            std::printf("\n");
        }
    }
}
