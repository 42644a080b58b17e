#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "tundish/model/conv3x3.hpp"
#include "tundish/model/fused_elementwise.hpp"

/// Float maps on the CPU, (N, C, H, W) in channels_last order, as our kernels take them. Private to cpu_functions.cpp
/// and convolve_and_pool.cpp.
namespace tundish {

inline at::Tensor channels_last(const at::Tensor& tensor) {
    return tensor.contiguous(at::MemoryFormat::ChannelsLast);
}

inline at::Tensor empty_map(at::IntArrayRef sizes) {
    return at::empty(sizes, at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
}

inline bool is_float_map(const at::Tensor& x) {
    return x.is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 4 && x.numel() > 0;
}

inline const float* data(const at::Tensor& tensor) {
    return tensor.const_data_ptr<float>();
}
inline float* writable(const at::Tensor& tensor) {
    return tensor.mutable_data_ptr<float>();
}

inline std::int64_t rows_of(const at::Tensor& map) {
    return map.numel() / map.size(1);
}

inline Conv3x3Shape shape_of(const at::Tensor& x, std::int64_t out_channels) {
    return {.batch = x.size(0),
            .height = x.size(2),
            .width = x.size(3),
            .in_channels = x.size(1),
            .out_channels = out_channels};
}

inline MaxPoolShape shape_of_pool(at::IntArrayRef sizes) {
    return {.batch = sizes[0], .height = sizes[2], .width = sizes[3], .channels = sizes[1]};
}

}  // namespace tundish
