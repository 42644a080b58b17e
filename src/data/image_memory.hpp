#pragma once

#include "tundish/data/channel.hpp"
#include "tundish/data/sample_set.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace tundish {

/// The memory that a channel's decoded images may take. The kernel kills a process that takes too much without a word,
/// so it is said here, before. One thread.
class ImageMemory {
  public:
    /// `limit`: bytes that this process may take; 0: what usable_memory() says now. `expected`: how many images there
    /// will be; 0: not known. `remedy`: what to do about images that do not fit, the end of a message.
    ImageMemory(const ChannelSpec& channel, std::uint64_t limit, std::int64_t expected, std::string remedy);

    /// Training needs memory too: a channel may take half of what is there.
    [[nodiscard]] bool holds(std::uint64_t bytes) const { return bytes <= all_ / 2; }

    /// Bytes that this process might take when reading began.
    [[nodiscard]] std::uint64_t all() const { return all_; }

    [[nodiscard]] std::int64_t expected() const { return expected_; }

    /// Makes room for the expected images of `image_bytes`. Throws ConfigError when the memory could not hold them.
    void reserve(SampleSet& samples, std::size_t image_bytes) const;

    /// Makes room for one more image of `image_bytes`. Throws ConfigError when the images take half of the memory and
    /// the pixels would have to move, as the old and the new place must both fit.
    void grow(SampleSet& samples, std::size_t image_bytes) const;

    /// Throws ConfigError: "channel 'train': `problem`, and there are … of memory. `remedy`".
    [[noreturn]] void refuse(const std::string& problem) const;

  private:
    ChannelSpec channel_;
    std::uint64_t all_;
    std::int64_t expected_;
    std::string remedy_;
};

}  // namespace tundish
