#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/data/channel.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/framing.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace tundish {

/// An image and its label, as a record's payload holds them.
struct LabelledImage {
    ByteSpan image;                       ///< valid until the next call
    std::optional<ImageShape> raw_shape;  ///< set for raw pixels instead of an encoded image
    std::int64_t label = 0;
    bool planar = true;  ///< of raw pixels; false: the order has to be found out
};

/// Turns the payloads of one format into images. One thread.
class PayloadParser {
  public:
    PayloadParser() = default;
    PayloadParser(const PayloadParser&) = delete;
    PayloadParser& operator=(const PayloadParser&) = delete;
    virtual ~PayloadParser() = default;

    /// `payload` is the record that `framing` gave last; a format of several records a sample takes the others itself.
    /// Throws RecordProblem when this sample is damaged and the next one need not be, DataError when nothing after it
    /// can be trusted.
    virtual LabelledImage parse(ByteSpan payload, Framing& framing) = 0;

    /// True when images and labels come in turn, as an augmented manifest gives them. Known after the first sample.
    [[nodiscard]] virtual bool in_pairs() const { return false; }
};

/// What the first pass of a stream found (stream_reader.hpp).
struct StreamForm;

/// The framing and the parser of `format`. With a `known` form the parser finds nothing out from its first record.
std::unique_ptr<Framing> make_framing(std::unique_ptr<ByteSource> source, DataFormat format,
                                      const DataOptions& options);
std::unique_ptr<PayloadParser> make_payload_parser(const ChannelSpec& channel, DataFormat format,
                                                   const DataOptions& options, const StreamForm* known = nullptr);

}  // namespace tundish
