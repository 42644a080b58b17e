#pragma once

#include "tundish/data/byte_source.hpp"
#include "tundish/data/channel.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/framing.hpp"
#include "tundish/data/record_reader.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tundish {

/// Turns framed bytes into records of one format. Private to StreamReader's implementation.
class PayloadParser;

/// Records out of a stream of bytes, from files or from a FIFO, in the formats of is_stream_format(). A payload that
/// is damaged though its framing is whole becomes a record with a problem; damaged framing ends the stream with a
/// DataError.
class StreamReader : public RecordReader {
  public:
    /// `format` is one of is_stream_format(). Reads as far as it must to know what the records are: one, or the 100
    /// that tell the order of raw pixels, which is logged. `channel` gives the label format; the source its name in
    /// messages. Throws as next() does.
    StreamReader(std::unique_ptr<ByteSource> source, const ChannelSpec& channel, DataFormat format,
                 const DataOptions& options);
    ~StreamReader() override;

    std::optional<Record> next() override;
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return raw_shape_; }
    [[nodiscard]] std::int64_t class_count() const override { return classes_; }

  private:
    struct Parsed {
        Record record;
        std::optional<ImageShape> raw_shape;
        bool planar = true;
    };

    std::optional<Parsed> read_one();
    void look_ahead(const ChannelSpec& channel, ImageLayout wanted);
    Record finish(Parsed parsed);

    std::unique_ptr<Framing> framing_;
    std::unique_ptr<PayloadParser> parser_;
    std::int64_t classes_;
    std::deque<Parsed> ahead_;  ///< read, not given yet
    std::optional<ImageShape> raw_shape_;
    bool interleaved_ = false;  ///< raw pixels lie as HWC
    std::int64_t index_ = 0;
};

}  // namespace tundish
