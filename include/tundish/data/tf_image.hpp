#pragma once

#include "tundish/base/error.hpp"
#include "tundish/data/image.hpp"
#include "tundish/data/labels.hpp"
#include "tundish/data/tf_example.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tundish {

/// Which features of a tf.train.Example are the image and its label.
struct TfImageOptions {
    std::string image_feature;            ///< empty: the first of the usual names that is there
    std::string label_feature;            ///< empty: likewise
    std::optional<ImageShape> raw_shape;  ///< of raw pixels whose record does not tell; absent: the usual sizes
    LabelFormat label_format = LabelFormat::multi_hot;
};

/// An image and its label as spans into the payload.
struct TfImage {
    ByteSpan image;                       ///< an encoded image, or raw pixels
    std::optional<ImageShape> raw_shape;  ///< set for raw pixels; in which order they lie is not told (ImageLayout)
    std::int64_t label = 0;
};

/// There is no feature of the name that is looked for.
class MissingFeature : public DataError {
  public:
    using DataError::DataError;
};

/// The shape of `bytes` raw pixels about which nothing else tells: `given` if it has as many, else CIFAR's 3x32x32 or
/// MNIST's 1x28x28; nothing when none fits. Any thread.
std::optional<ImageShape> usual_raw_shape(std::size_t bytes, const std::optional<ImageShape>& given);

/// Picks image and label. Bytes that begin like an encoded image are one. Raw pixels have the size that the features
/// height, width and depth tell, else `raw_shape` if it has as many bytes, else 32x32x3 or 28x28x1. The label is one
/// number, a multi-hot list, or either in text; with `label_format` class_id such a list names its class. Throws
/// DataError with the cause only; when a feature is missing, MissingFeature, which lists those that are there. Any
/// thread.
TfImage read_tf_image(const TfExample& example, const TfImageOptions& options);

}  // namespace tundish
