#include "image_memory.hpp"

#include "huge_pages.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/memory.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"

#include <algorithm>
#include <utility>

namespace tundish {

ImageMemory::ImageMemory(const ChannelSpec& channel, std::uint64_t limit, std::int64_t expected, std::string remedy)
    : channel_(channel), all_(limit > 0 ? limit : usable_memory()), expected_(expected), remedy_(std::move(remedy)) {}

void ImageMemory::reserve(SampleSet& samples, std::size_t image_bytes) const {
    const std::uint64_t bytes = static_cast<std::uint64_t>(expected_) * image_bytes;
    if (bytes > all_) refuse(text("its ", expected_, " images take ", human_bytes(bytes)));
    samples.labels.reserve(static_cast<std::size_t>(expected_));
    samples.pixels.reserve(bytes);
    prefer_huge_pages(samples.pixels);
}

void ImageMemory::grow(SampleSet& samples, std::size_t image_bytes) const {
    const std::size_t kept = samples.pixels.size();
    const std::size_t needed = kept + image_bytes;
    if (needed <= samples.pixels.capacity()) return;
    const std::uint64_t most = all_ > kept ? all_ - kept : 0;  // while the pixels move, both places are taken
    if (!holds(needed) && needed > most)
        refuse(text("its first ", samples.size(), " images take ", human_bytes(kept), ", more are to come"));
    samples.pixels.reserve(std::max<std::size_t>(needed, std::min<std::uint64_t>(2 * needed, most)));
    prefer_huge_pages(samples.pixels);
}

void ImageMemory::refuse(const std::string& problem) const {
    throw ConfigError(
        text(name_of(channel_), ": ", problem, ", and there are ", human_bytes(all_), " of memory. ", remedy_));
}

}  // namespace tundish
