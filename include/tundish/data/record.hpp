#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tundish/base/bytes.hpp"

namespace tundish {

/// Framed bytes, not decoded yet, with the label that the format carries.
struct Record {
    Bytes payload;  ///< an encoded image, or raw planar pixels (see RecordReader::raw_shape)
    std::int64_t label = 0;
    std::int64_t index = 0;  ///< counted from 0 over the whole channel
    std::string origin;      ///< file and place within it, for messages: "data_batch_1.bin, record 17"
};

}  // namespace tundish
