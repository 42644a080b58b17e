#pragma once

#include "tundish/data/decode_pipeline.hpp"
#include "tundish/data/sample_set.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tundish {

/// Puts decoded images into sets, under a channel's rules: all of one shape, damaged ones as `on_bad_record` says. One
/// thread.
class SampleCollector {
  public:
    /// Without a `shape` the first image decides it.
    SampleCollector(ChannelSpec channel, BadRecordPolicy on_bad_record, std::optional<ImageShape> shape = std::nullopt)
        : channel_(std::move(channel)),
          on_bad_record_(on_bad_record),
          first_(shape ? "the first pass" : ""),
          shape_(shape.value_or(ImageShape{})) {}

    /// False when the sample is damaged and passed over. Throws DataError naming channel and record.
    bool add(const Decoded& sample, SampleSet& to);

    [[nodiscard]] std::int64_t skipped() const { return skipped_; }

  private:
    void pass_over(const Decoded& sample);
    [[noreturn]] void sizes_differ(const Decoded& sample) const;

    ChannelSpec channel_;
    BadRecordPolicy on_bad_record_;
    std::string first_;  ///< origin of the image that decided the shape
    ImageShape shape_;
    std::int64_t skipped_ = 0;
};

/// "channel 'train': 3 records could not be decoded and were skipped (on_bad_record)" in the log.
void log_skipped(const ChannelSpec& channel, std::int64_t count);

}  // namespace tundish
