#pragma once

#include "tundish/data/channel.hpp"

#include <cstdint>
#include <vector>

namespace tundish {

/// Where classes are numbers and num_classes is not set, the largest label decides how many there are; these look
/// whether that can be. One wild label among many would make a network of a million outputs: throws DataError when
/// there are more than 1,000 classes and fewer than a tenth of them occur in `labels`.
void check_density(const std::vector<std::int64_t>& labels, std::int64_t classes, const ChannelSpec& channel);

/// A warning in the log when some of the `classes` have no sample in `labels`, those of the whole channel.
void doubt_empty_classes(const std::vector<std::int64_t>& labels, std::int64_t classes, const ChannelSpec& channel);

}  // namespace tundish
