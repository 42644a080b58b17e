#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "tundish/data/sample_set.hpp"

namespace tundish {

/// From uint8 pixels to the network's input; the one definition for training, evaluation and serving. It travels in the
/// artifact, so that a served model sees what the trained one saw.
struct Preprocess {
    std::vector<double> mean;  ///< one a channel, in units of pixel / 255
    std::vector<double> std;   ///< likewise; above 0
};

/// What samples begin .. end-1 add to the measures of the whole: int64 (3, C) on the CPU, the sums of pixels and of
/// their squares and the number of pixels, for each channel. Exact, so parts may be added in any order.
at::Tensor pixel_sums(const SampleSet& samples, std::int64_t begin, std::int64_t end);

/// Mean and standard deviation of every channel from pixel_sums(). A constant channel gets std 1/255.
Preprocess preprocess_of(const at::Tensor& sums);

/// The same over one set.
Preprocess measure(const SampleSet& samples);

/// `pixels`: (N, C, H, W), uint8 or float, values 0..255. Returns (x / 255 - mean) / std as float32, channels_last, on
/// the device of `pixels`.
at::Tensor normalise(const at::Tensor& pixels, const Preprocess& preprocess);

/// The pixels of a set as a uint8 tensor (N, C, H, W). Shares the set's memory: keep the set alive.
at::Tensor pixel_view(const SampleSet& samples);

/// The labels of a set as an int64 tensor (N). Shares the set's memory.
at::Tensor label_view(const SampleSet& samples);

}  // namespace tundish
