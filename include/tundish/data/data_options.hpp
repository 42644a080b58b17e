#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tundish/data/image.hpp"
#include "tundish/data/image_layout.hpp"
#include "tundish/data/record_reader.hpp"
#include "tundish/data/record_share.hpp"
#include "tundish/data/recordio.hpp"

namespace tundish {

/// What to do with a record that cannot be decoded.
enum class BadRecordPolicy { error, skip, skip_warn };

/// Where a channel's decoded images live: in memory for the whole job, or nowhere (each pass reads and decodes again).
/// `automatic` keeps them if they fit.
enum class CacheMode { automatic, memory, none };

/// How a channel is turned into samples.
struct DataOptions {
    DataFormat format = DataFormat::automatic;
    std::optional<ImageShape>
        image_shape;  ///< absent: the data's own size (the first image decides for encoded images)
    std::optional<int>
        resize_short_side;         ///< resize the shorter side to this first, then crop the centre to image_shape
    std::int64_t num_classes = 0;  ///< 0: found out from the data; else labels must lie in 0..num_classes-1
    BadRecordPolicy on_bad_record = BadRecordPolicy::error;
    int decode_threads = 0;                             ///< 0: as many as the process may use
    ImageLayout image_layout = ImageLayout::automatic;  ///< of raw pixels in TFRecord
    RecordIoParts recordio_multipart = RecordIoParts::dmlc;
    std::string image_feature;  ///< of a tf.train.Example; empty: the first of the usual names that is there
    std::string label_feature;  ///< likewise
    CacheMode cache = CacheMode::automatic;
    std::int64_t shuffle_buffer = 64;  ///< MB of undecoded records that a streamed channel shuffles among; 0: none
    std::optional<std::int64_t> num_training_samples;  ///< in the train channel, as the user counts them
    std::uint64_t memory_limit =
        0;              ///< bytes that kept images may count on; 0: what the machine has when they are read
    RecordShare share;  ///< of a streamed channel, which other ranks read too
};

}  // namespace tundish
