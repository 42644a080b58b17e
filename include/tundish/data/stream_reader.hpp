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

/// What the first pass of a stream found its records to be. Later passes are held to it: the network has that shape,
/// and which records are bad must not depend on the order in which they come.
struct StreamForm {
    DataFormat format = DataFormat::automatic;  ///< of the stream; where it wraps another one, the outer one
    std::optional<ImageShape> raw_shape;        ///< of raw pixels; absent: encoded images
    bool interleaved = false;                   ///< raw pixels lie as HWC
    bool in_pairs = false;                      ///< images and labels in turn
};

/// Records out of a stream of bytes, from files or from a FIFO, in the formats of is_stream_format(). A payload that
/// is damaged though its framing is whole becomes a record with a problem; damaged framing ends the stream with a
/// DataError.
class StreamReader : public RecordReader {
  public:
    /// `format` is one of is_stream_format(). Reads as far as it must to know what the records are: one sample, or the
    /// 100 (fewer above kLookAheadBytes: one tells it nearly as well) that tell the order of raw pixels, which is
    /// logged. `channel` gives the label format; the source its name in messages. With a `known` form nothing is found
    /// out: what is of another form has a problem. Throws as next() does.
    StreamReader(std::unique_ptr<ByteSource> source, const ChannelSpec& channel, DataFormat format,
                 const DataOptions& options, const StreamForm* known = nullptr);
    ~StreamReader() override;

    std::optional<Record> next() override;
    void cancel() noexcept override { framing_->cancel(); }
    [[nodiscard]] std::optional<ImageShape> raw_shape() const override { return form_.raw_shape; }
    [[nodiscard]] std::int64_t class_count() const override { return classes_; }
    [[nodiscard]] const StreamForm& form() const { return form_; }

  private:
    struct Parsed {
        Record record;
        std::optional<ImageShape> raw_shape;
        bool planar = true;
    };

    std::optional<Parsed> read_one();
    void look_ahead(const ChannelSpec& channel, const DataOptions& options);
    Record finish(Parsed parsed);

    std::unique_ptr<Framing> framing_;
    std::unique_ptr<PayloadParser> parser_;
    std::int64_t classes_;
    std::deque<Parsed> ahead_;  ///< read, not given yet
    StreamForm form_;
    std::int64_t index_ = 0;
};

}  // namespace tundish
