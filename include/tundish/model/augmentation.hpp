#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "tundish/model/preprocess.hpp"

namespace tundish {

/// The random changes of a training image, each off at its zero.
struct AugmentationOptions {
    bool flip = true;      ///< alternating: a sample is mirrored in every other epoch, half of them starting mirrored
    int crop_padding = 0;  ///< shift by up to this many pixels each way, the border filled by reflection
    int cutout = 0;        ///< side of a square set to the mean colour, at a random place; 0 is off
    double color_jitter = 0.0;  ///< brightness shift and contrast change of up to this fraction of the pixel range
};

/// Gathers batches out of samples that lie as uint8 on a device, augments and normalises them there.
/// Every decision is drawn from (seed, epoch, sample), so that it does not depend on batch, rank, device or resume.
class BatchMaker {
  public:
    /// `pixels` (N, C, H, W) uint8 and `labels` (N) int64 on the training device.
    BatchMaker(at::Tensor pixels, at::Tensor labels, Preprocess preprocess, AugmentationOptions augmentation,
               std::uint64_t seed);

    struct Batch {
        at::Tensor images;  ///< (n, C, H, W) float32 channels_last, normalised
        at::Tensor labels;  ///< (n) int64
    };

    /// The augmented batch of the given samples in epoch `epoch`.
    [[nodiscard]] Batch make(std::span<const std::int64_t> samples, std::int64_t epoch) const;

    /// All samples, in their order, that are known elsewhere by the numbers `ids`: for samples that lie here only for
    /// the moment.
    [[nodiscard]] Batch make_all(std::span<const std::int64_t> ids, std::int64_t epoch) const;

  private:
    [[nodiscard]] Batch make(const at::Tensor& index, std::span<const std::int64_t> ids, std::int64_t epoch) const;

    at::Tensor pixels_;
    at::Tensor labels_;
    Preprocess preprocess_;
    AugmentationOptions augmentation_;
    std::uint64_t seed_;
};

/// `images` (N, C, H, W), each pixel being what lies `rows` below and `columns` to the right of it; beyond the border
/// the image is reflected, its edge not repeated. Shifts are shorter than the sides.
at::Tensor shifted(const at::Tensor& images, int rows, int columns);

}  // namespace tundish
