#include "payload_parser.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/data/fixed_records.hpp"
#include "tundish/data/format_guess.hpp"
#include "tundish/data/inflate.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/labels.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/stream_reader.hpp"
#include "tundish/data/tf_example.hpp"
#include "tundish/data/tf_image.hpp"
#include "tundish/data/tfrecord.hpp"

#include <stdexcept>
#include <utility>

namespace tundish {
namespace {

constexpr const char* kNoLabels =
    "Images alone have no labels: give the channel an augmented manifest with the attributes image and label, in that "
    "order, or MXNet image records ('tundish pack --to mxnet').";

constexpr const char* kTwoAttributes =
    "Give the channel just the image attribute and the label attribute, in that order.";

constexpr ImageShape kCifarShape{3, 32, 32};

// Damage that passing over one record does not mend.
class StreamProblem : public DataError {
  public:
    using DataError::DataError;
};

// Any other DataError about one payload is that record's problem only.
template <typename Function>
auto about_this_record(Function function) {
    try {
        return function();
    } catch (const StreamProblem&) {
        throw;
    } catch (const DataError& error) {
        throw RecordProblem(error.what());
    }
}

class CifarPayload : public PayloadParser {
  public:
    CifarPayload(std::size_t label_bytes, std::int64_t classes) : label_bytes_(label_bytes), classes_(classes) {}

    LabelledImage parse(ByteSpan payload, Framing& framing) override {
        const std::int64_t label = payload[label_bytes_ - 1];
        if (label >= classes_) {
            // Only stray bytes explain it, and they have shifted whatever follows.
            throw DataError(text(framing.what(), ": label ", label, " is outside 0..", classes_ - 1,
                                 ". If num_classes is right: ", framing.advice(Damage::foreign)));
        }
        return {payload.subspan(label_bytes_), kCifarShape, label};
    }

  private:
    std::size_t label_bytes_;
    std::int64_t classes_;
};

LabelFormat label_format_for(const ChannelSpec& channel) {
    try {
        return label_format_of(channel.content_type);
    } catch (const ConfigError& error) {
        throw ConfigError(text(name_of(channel), ": ", error.what()));
    }
}

class TfPayload : public PayloadParser {
  public:
    TfPayload(const ChannelSpec& channel, const DataOptions& options, bool first_pass)
        : options_{options.image_feature, options.label_feature, options.image_shape, label_format_for(channel)},
          classes_(options.num_classes),
          first_decides_(first_pass && options.on_bad_record == BadRecordPolicy::error) {}

    LabelledImage parse(ByteSpan payload, Framing& framing) override {
        return about_this_record([&] {
            example_.parse(payload);
            const TfImage found = image_of(framing);
            check_label_range(found.label, classes_);
            return LabelledImage{found.image, found.raw_shape, found.label, /*planar=*/false};
        });
    }

  private:
    // A feature that the first record lacks was named wrongly, as a rule: to train without that record is no advice.
    [[nodiscard]] TfImage image_of(const Framing& framing) const {
        try {
            return read_tf_image(example_, options_);
        } catch (const MissingFeature& missing) {
            if (framing.count() > 1 || !first_decides_) throw;
            throw StreamProblem(text(framing.what(), ": ", missing.what(), '.'));
        }
    }

    TfImageOptions options_;
    std::int64_t classes_;
    bool first_decides_;
    TfExample example_;
};

// MXNet's image records; or, when the first record is an image without a label, what an augmented manifest gives: an
// image and its label in turn.
class RecordIoPayload : public PayloadParser {
  public:
    RecordIoPayload(const ChannelSpec& channel, const DataOptions& options, bool manifest, bool first_decides)
        : label_format_(label_format_for(channel)),
          classes_(options.num_classes),
          given_shape_(options.image_shape),
          wrapped_(channel.wrapper == RecordWrapper::recordio),
          manifest_(manifest),
          first_decides_(first_decides) {}

    LabelledImage parse(ByteSpan payload, Framing& framing) override {
        if (framing.count() == 1 && first_decides_) {
            if (image_format(payload)) manifest_ = true;
            refuse_container(payload, framing);
            if (!manifest_) refuse_half_of_a_pair(payload, framing);
        }
        return manifest_ ? pair(payload, framing) : record(payload);
    }

    [[nodiscard]] bool in_pairs() const override { return manifest_; }

  private:
    // The first record decides whether a channel is an augmented manifest, and these would make it MXNet's.
    void refuse_half_of_a_pair(ByteSpan payload, const Framing& framing) const {
        std::string advice;
        if (payload.size() < kMxnetHeaderBytes && is_label(payload)) {
            advice = "Give the channel the image attribute first and the label attribute second.";
        } else if (is_image_of_other_kind(payload)) {
            advice = "Images are JPEG, PNG, BMP or WebP: convert it.";
        } else if (wrapped_ && payload.size() < kMxnetHeaderBytes) {
            advice = "Of an augmented manifest's channel set data_format=augmented_manifest.";
        } else {
            return;
        }
        throw DataError(text(framing.what(), ": expected an image or an MXNet image record first, found ",
                             describe_bytes(payload), ". ", advice));
    }

    [[nodiscard]] bool is_label(ByteSpan payload) const {
        try {
            static_cast<void>(parse_label(payload, label_format_, classes_));
            return true;
        } catch (const NotALabel&) {
            return false;
        } catch (const DataError&) {
            return true;  // though not one that can be used
        }
    }

    // What a record of images never is: an object that was wrapped whole, though it holds records of its own.
    void refuse_container(ByteSpan payload, const Framing& framing) const {
        std::string found = begins_with_gzip(payload) ? "gzip-compressed data" : "";
        if (const auto guess = guess_format(payload); guess && guess->format == DataFormat::tfrecord) {
            found = "TFRecord data";
        } else if (guess && guess->format == DataFormat::recordio) {
            found = "RecordIO data";
        }
        if (found.empty()) return;
        throw DataError(text(framing.what(), ": expected an image, found ", found, " within the RecordIO record. ",
                             wrapped_ ? "Set RecordWrapperType to None for this channel."
                                      : "Give the channel these data without RecordIO around them."));
    }

    LabelledImage record(ByteSpan payload) const {
        return about_this_record([&] {
            const MxnetRecord found = parse_mxnet_record(payload, label_format_);
            if (!found.label) {
                throw DataError(
                    "an image without a label, after records that had one. A channel is either MXNet image records or "
                    "images and labels in turn");
            }
            check_label_range(*found.label, classes_);
            LabelledImage out{found.image, std::nullopt, *found.label};
            if (!image_format(found.image)) out.raw_shape = shape_of_raw(found.image);
            return out;
        });
    }

    // `tundish pack --raw` and others put pixels there as they are.
    [[nodiscard]] ImageShape shape_of_raw(ByteSpan image) const {
        if (const auto usual = usual_raw_shape(image.size(), given_shape_)) return *usual;
        throw DataError(text("neither an encoded image nor raw pixels of a known size: ", describe_bytes(image), ", ",
                             image.size(), " bytes. For raw pixels give image_shape"));
    }

    // Once image and label are out of step, everything behind is wrong: no problem of one record.
    LabelledImage pair(ByteSpan payload, Framing& framing) {
        if (!image_format(payload)) pass_over_pair(payload, framing);
        image_.assign(payload.begin(), payload.end());
        const auto label = framing.next();
        if (label && image_format(*label)) {
            throw DataError(
                text(framing.what(), ": expected the label of the image before, found another image. ", kNoLabels));
        }
        if (!label) {
            throw DataError(
                text(framing.what(), ": the stream ends after an image, where its label was expected. ", kNoLabels));
        }
        try {
            return {image_, std::nullopt, parse_label(*label, label_format_, classes_)};
        } catch (const NotALabel& error) {
            throw DataError(
                text(framing.what(), ": expected the label of the image before: ", error.what(), ". ", kTwoAttributes));
        } catch (const DataError& error) {  // in step all the same
            throw RecordProblem(error.what());
        }
    }

    // An object that is no image, with its label behind it, is a problem of that pair only.
    [[noreturn]] void pass_over_pair(ByteSpan payload, Framing& framing) {
        const std::string place = framing.what();
        const std::string found = describe_bytes(payload);
        const auto label = framing.next();
        if (label && is_label(*label)) throw RecordProblem(text("expected an image, found ", found));
        throw DataError(
            text(place, ": expected an image, as images and labels come in turn, found ", found, ". ", kTwoAttributes));
    }

    LabelFormat label_format_;
    std::int64_t classes_;
    std::optional<ImageShape> given_shape_;
    bool wrapped_;  ///< by the platform
    bool manifest_;
    bool first_decides_;  ///< which of the two the channel is
    Bytes image_;
};

}  // namespace

std::unique_ptr<Framing> make_framing(std::unique_ptr<ByteSource> source, DataFormat format,
                                      const DataOptions& options) {
    switch (format) {
        case DataFormat::cifar10:
            return std::make_unique<FixedRecords>(std::move(source), kCifar10Layout);
        case DataFormat::cifar100:
            return std::make_unique<FixedRecords>(std::move(source), kCifar100Layout);
        case DataFormat::tfrecord:
            return std::make_unique<TfRecord>(std::move(source));
        case DataFormat::recordio:
        case DataFormat::augmented_manifest:
            return std::make_unique<RecordIo>(std::move(source), options.recordio_multipart);
        case DataFormat::automatic:
        case DataFormat::image_folder:
        case DataFormat::lst:
        case DataFormat::idx:
            break;
    }
    throw std::logic_error("not a format that can be streamed: " + to_text(format));
}

std::unique_ptr<PayloadParser> make_payload_parser(const ChannelSpec& channel, DataFormat format,
                                                   const DataOptions& options, const StreamForm* known) {
    const auto classes = [&](std::int64_t usual) { return options.num_classes > 0 ? options.num_classes : usual; };
    if (format == DataFormat::cifar10) return std::make_unique<CifarPayload>(1, classes(10));
    if (format == DataFormat::cifar100) return std::make_unique<CifarPayload>(2, classes(100));
    const bool first_pass = known == nullptr;
    if (format == DataFormat::tfrecord) return std::make_unique<TfPayload>(channel, options, first_pass);
    const bool manifest = first_pass ? format == DataFormat::augmented_manifest : known->in_pairs;
    return std::make_unique<RecordIoPayload>(channel, options, manifest, first_pass);
}

}  // namespace tundish
