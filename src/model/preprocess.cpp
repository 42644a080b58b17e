#include "tundish/model/preprocess.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

namespace tundish {
namespace {

// Whole numbers: exact, so that the result does not depend on the number of threads.
struct ChannelSums {
    std::vector<std::uint64_t> sum;
    std::vector<std::uint64_t> squares;
    explicit ChannelSums(std::size_t channels) : sum(channels), squares(channels) {}
};

void add_plane(ByteSpan plane, std::uint64_t& sum, std::uint64_t& squares) {
    constexpr std::size_t kCut = 1U << 16U;  // as many squares of 255 fit into 32 bits
    for (std::size_t start = 0; start < plane.size(); start += kCut) {
        std::uint32_t cut_sum = 0;
        std::uint32_t cut_squares = 0;
        for (const std::uint8_t value : plane.subspan(start, std::min(kCut, plane.size() - start))) {
            cut_sum += value;
            cut_squares += static_cast<std::uint32_t>(value) * value;
        }
        sum += cut_sum;
        squares += cut_squares;
    }
}

ChannelSums sum_channels(const SampleSet& samples, std::int64_t first, std::int64_t last) {
    const auto channels = static_cast<std::size_t>(samples.shape.channels);
    const std::size_t plane = samples.shape.pixels() / channels;
    ChannelSums total(channels);
    std::mutex mutex;
    at::parallel_for(first, last, 1024, [&](std::int64_t begin, std::int64_t end) {
        ChannelSums part(channels);
        for (auto at = static_cast<std::size_t>(begin) * channels; at < static_cast<std::size_t>(end) * channels;
             ++at) {
            add_plane(ByteSpan(samples.pixels).subspan(at * plane, plane), part.sum[at % channels],
                      part.squares[at % channels]);
        }
        const std::lock_guard lock(mutex);
        for (std::size_t c = 0; c < channels; ++c) {
            total.sum[c] += part.sum[c];
            total.squares[c] += part.squares[c];
        }
    });
    return total;
}

at::Tensor channel_tensor(const std::vector<double>& values, double factor, const at::Tensor& like) {
    auto tensor = at::empty({1, static_cast<std::int64_t>(values.size()), 1, 1}, at::kFloat);
    for (std::size_t c = 0; c < values.size(); ++c)
        tensor.data_ptr<float>()[c] = static_cast<float>(values[c] * factor);
    return tensor.to(like.device());
}

// What each of a channel's 256 byte values becomes: the numbers that arithmetic on tensors gives.
std::vector<float> value_table(const Preprocess& preprocess) {
    std::vector<float> table;
    for (std::size_t c = 0; c < preprocess.mean.size(); ++c) {
        const auto mean = static_cast<float>(preprocess.mean[c] * 255.0);
        const auto std = static_cast<float>(preprocess.std[c] * 255.0);
        for (int value = 0; value < 256; ++value) table.push_back((static_cast<float>(value) - mean) / std);
    }
    return table;
}

// On the CPU broadcasting over three channels is slow (an inner loop of 3), and looking up is not.
at::Tensor normalise_bytes(const at::Tensor& pixels, const Preprocess& preprocess) {
    const auto table = value_table(preprocess);
    auto out = at::empty(pixels.sizes(), pixels.options().dtype(at::kFloat), at::MemoryFormat::ChannelsLast);
    const std::int64_t channels = pixels.size(1);
    const std::int64_t height = pixels.size(2);
    const std::int64_t width = pixels.size(3);
    const auto strides = pixels.strides();
    at::parallel_for(0, pixels.size(0) * height, 256, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
            const auto* from =
                pixels.const_data_ptr<std::uint8_t>() + row / height * strides[0] + row % height * strides[2];
            auto* to = out.data_ptr<float>() + row * width * channels;
            for (std::int64_t x = 0; x < width; ++x, from += strides[3]) {
                for (std::int64_t c = 0; c < channels; ++c) *to++ = table[256 * c + from[c * strides[1]]];
            }
        }
    });
    return out;
}

}  // namespace

at::Tensor pixel_sums(const SampleSet& samples, std::int64_t begin, std::int64_t end) {
    const ChannelSums sums = sum_channels(samples, begin, end);
    const auto channels = static_cast<std::int64_t>(sums.sum.size());
    const auto plane = static_cast<std::int64_t>(samples.shape.pixels()) / channels;
    auto out = at::full({3, channels}, (end - begin) * plane, at::TensorOptions(at::kLong));
    auto* values = out.mutable_data_ptr<std::int64_t>();
    std::copy(sums.sum.begin(), sums.sum.end(), values);
    std::copy(sums.squares.begin(), sums.squares.end(), values + channels);
    return out;
}

Preprocess preprocess_of(const at::Tensor& sums) {
    const auto* values = sums.const_data_ptr<std::int64_t>();
    const std::int64_t channels = sums.size(1);
    Preprocess preprocess;
    for (std::int64_t c = 0; c < channels; ++c) {
        const auto count = static_cast<double>(values[2 * channels + c]);
        const double mean = static_cast<double>(values[c]) / count;
        const double variance = std::max(0.0, static_cast<double>(values[channels + c]) / count - mean * mean);
        preprocess.mean.push_back(mean / 255.0);
        preprocess.std.push_back(std::max(std::sqrt(variance), 1.0) / 255.0);
    }
    return preprocess;
}

Preprocess measure(const SampleSet& samples) {
    return preprocess_of(pixel_sums(samples, 0, samples.size()));
}

at::Tensor normalise(const at::Tensor& pixels, const Preprocess& preprocess) {
    if (pixels.is_cpu() && pixels.scalar_type() == at::kByte) return normalise_bytes(pixels, preprocess);
    const auto values = pixels.to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    return values.sub(channel_tensor(preprocess.mean, 255.0, pixels))
        .div_(channel_tensor(preprocess.std, 255.0, pixels));
}

at::Tensor pixel_view(const SampleSet& samples) {
    const auto& shape = samples.shape;
    // from_blob takes a pointer to non-const; the view is only read.
    return at::from_blob(
        const_cast<std::uint8_t*>(samples.pixels.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        {samples.size(), shape.channels, shape.height, shape.width}, at::kByte);
}

at::Tensor label_view(const SampleSet& samples) {
    return at::from_blob(
        const_cast<std::int64_t*>(samples.labels.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        {samples.size()}, at::kLong);
}

}  // namespace tundish
