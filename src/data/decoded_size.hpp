#pragma once

#include "resumed_reader.hpp"
#include "tundish/data/data_options.hpp"

#include <cstdint>
#include <functional>

namespace tundish {

/// Bytes that all of a train channel's images will take when they are decoded; 0 when nothing tells. Of encoded images
/// without an image_shape the first one counts for all. When `count` is 0, as nobody knows how many there are, the
/// first records show how much a stored byte becomes, and `stored_bytes` (asked only then) gives all bytes of the files
/// as they lie: of files compressed with gzip the result is the least that can come.
std::uint64_t decoded_size(ResumedReader& reader, const DataOptions& options, std::int64_t count,
                           const std::function<std::uint64_t()>& stored_bytes);

}  // namespace tundish
