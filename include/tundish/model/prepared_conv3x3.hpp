// A 3x3 convolution for serving: stride 1, padding 1, on the CPU, with its weights relaid once and with bias and
// activation fused. Beside the kernels of training (conv3x3.hpp) it also knows the direct product, and chooses for each
// batch size: for one small image reading transformed weights costs more than multiplying does. On AMX it also
// multiplies in bfloat16.
//
// Memory order is that of conv3x3.hpp, fp32 outside; so is the accuracy of fp32. In bfloat16 maps and weights are
// rounded to 8 bits, and summed in fp32.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace tundish {

class ScratchBuffer;

// What is done to a convolution's results: nothing, or adding a bias for each channel and then the activation.
enum class Finish { none, bias, bias_relu, bias_gelu };

// What is multiplied: sums are fp32.
enum class Products { fp32, bf16 };

// One image's map.
struct MapShape {
    std::int64_t height = 1;
    std::int64_t width = 1;
    std::int64_t in_channels = 8;   // a multiple of 8
    std::int64_t out_channels = 8;  // a multiple of 8
};

class PreparedConv3x3 {
  public:
    // The direct product among the algorithms; the others are named by Winograd's tile: 3, 4, 5, 7.
    static constexpr int kDirect = 1;
    static constexpr int kAmx = 2;  // the direct product in bfloat16 on AMX

    // True if this machine (AVX2 and FMA; AMX) and these channels (of bf16: 16 outputs at a time) can run it.
    static bool runs(const MapShape& shape, Products products = Products::fp32);

    // `weight`: 3, 3, in_channels, out_channels; it is not read after this. `bias`: one for each output channel, empty
    // for Finish::none. Prepares kAmx for bf16, else the cheapest algorithm for one image and that for
    // `largest_batch`. Throws std::bad_alloc.
    PreparedConv3x3(const MapShape& shape, const float* weight, std::vector<float> bias, Finish finish,
                    std::int64_t largest_batch, Products products = Products::fp32);

    // The same with the algorithms named: kDirect, kAmx, 3, 4, 5, 7. For tests and benchmarks.
    PreparedConv3x3(const MapShape& shape, const float* weight, std::vector<float> bias, Finish finish,
                    const std::vector<int>& algorithms);

    PreparedConv3x3(PreparedConv3x3&&) noexcept;
    ~PreparedConv3x3();

    // `input`: batch, height, width, in_channels; `output`: batch, height, width, out_channels; batch at most
    // largest_batch. Uses up to `threads` OpenMP threads; may be called from several threads at the same time. Throws
    // std::bad_alloc.
    void run(std::int64_t batch, const float* input, float* output, int threads) const;

    // kDirect, kAmx or Winograd's tile: of those prepared, the cheapest for this batch by the count of products and
    // of weights read.
    [[nodiscard]] int algorithm_for(std::int64_t batch) const;

    // As run(), by one algorithm of those prepared. For tests and benchmarks.
    void run_as(int algorithm, std::int64_t batch, const float* input, float* output, int threads) const;

    [[nodiscard]] const MapShape& shape() const { return shape_; }

  private:
    void prepare(int algorithm, const float* weight);

    MapShape shape_;
    std::vector<float> bias_;
    Finish finish_;
    std::map<int, std::unique_ptr<ScratchBuffer>> weights_;  // by algorithm
};

}  // namespace tundish
