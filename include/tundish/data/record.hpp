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
    std::string origin;      ///< file or pass and place within it, for messages: "data_batch_1.bin, record 17"
    std::string problem;  ///< why there is no payload: framed well, but not what it has to be; empty when all is well
};

}  // namespace tundish
