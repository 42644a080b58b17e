#pragma once

#include "tundish/data/image.hpp"

#include <cstdint>
#include <string>

namespace tundish {

/// In which order raw pixels lie: `hwc` interleaves the channels of each pixel, `chw` keeps a plane for each channel.
/// Nothing in a TFRecord tells; `automatic` compares both readings of the first images.
enum class ImageLayout { automatic, hwc, chw };

/// The name users write (`image_layout` hyperparameter: auto, hwc, chw), and back. Throws ConfigError.
std::string to_text(ImageLayout layout);
ImageLayout image_layout_from_text(const std::string& name);

/// Decides how raw images lie from the first of them. In pictures a pixel is like the one above it; read in the
/// wrong order, bytes that should be neighbours come from places far apart. One thread.
class LayoutDetector {
  public:
    /// How many images are looked at.
    static constexpr std::int64_t kImages = 100;

    /// `pixels.size() == shape.pixels()`. Images after the first kImages change nothing.
    void add(ByteSpan pixels, const ImageShape& shape);

    /// True once kImages were seen; decide() may be called before, when a stream ends.
    [[nodiscard]] bool enough() const { return images_ >= kImages; }

    /// hwc or chw. Throws DataError when the images do not tell (noise, or of one colour each) or when none was seen.
    [[nodiscard]] ImageLayout decide() const;

    /// "neighbouring rows differ by 8.1 read as hwc, by 31.4 read as chw, over 100 images", for the log.
    [[nodiscard]] std::string reason() const;

  private:
    std::int64_t images_ = 0;
    std::int64_t coloured_ = 0;  ///< with three channels: in a grey image the order is the same
    double hwc_ = 0;             ///< sums of an image's mean difference between a byte and the one a row below
    double chw_ = 0;
};

/// Interleaved pixels as planes. `pixels.size() == shape.pixels()`.
Bytes to_planar(ByteSpan interleaved, const ImageShape& shape);

}  // namespace tundish
