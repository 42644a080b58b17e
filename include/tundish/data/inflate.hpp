#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/data/byte_source.hpp"

#include <memory>
#include <string_view>

namespace tundish {

/// True for the first bytes of gzip data, 1f 8b, unless they are a TFRecord's length with its checksum: that of a
/// record of 35,615 bytes begins so too. Any thread.
bool begins_with_gzip(ByteSpan bytes);

/// A file's name without the ".gz" at its end, if it has one. Any thread.
std::string_view without_gz(std::string_view file);

/// A source that inflates the parts of `source` which begin as gzip data does, also several members behind one
/// another, and gives all others as they are, without a copy. Damaged and cut-off gzip data throw DamagedBytes with the
/// place, in compressed and in inflated bytes.
std::unique_ptr<ByteSource> inflate_on_sight(std::unique_ptr<ByteSource> source);

}  // namespace tundish
