#pragma once

#include "tundish/base/bytes.hpp"

namespace tundish {

/// The orientation (1..8) in an EXIF block that begins with its TIFF header; 1 when there is none or it is
/// damaged.
int exif_orientation(ByteSpan tiff);

}  // namespace tundish
