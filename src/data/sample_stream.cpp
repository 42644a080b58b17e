#include "tundish/data/sample_stream.hpp"

#include "class_numbers.hpp"
#include "resumed_reader.hpp"
#include "sample_collector.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_reader.hpp"
#include "tundish/data/decode_pipeline.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/pipe_channel.hpp"
#include "tundish/data/shared_reader.hpp"
#include "tundish/data/shuffled_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tundish {

std::vector<std::string> settings_to_stream(const RecordReader& reader, const DataOptions& options) {
    std::vector<std::string> lacking;
    if (reader.class_count() == 0 && reader.class_names().empty()) lacking.emplace_back("num_classes");
    if (reader.size_hint() == 0 && !options.num_training_samples) lacking.emplace_back("num_training_samples");
    return lacking;
}

namespace {

constexpr std::int64_t kSkippedAtOnce = 256;  // decoded, to see whether they are samples, and forgotten

// All that lacks at once.
[[noreturn]] void refuse(const RecordReader& reader, const ChannelSpec& channel, const DataOptions& options) {
    const auto lacking = settings_to_stream(reader, options);
    throw ConfigError(text(name_of(channel),
                           ": it is streamed, and its format does not tell the number of classes or samples before all "
                           "is read, which the network and the learning-rate schedule need. Set ",
                           lacking.empty() ? "a larger num_training_samples" : join(lacking, " and "), '.'));
}

void check_classes(const RecordReader& reader, const ChannelSpec& channel, const DataOptions& options) {
    if (!reader.class_names().empty()) return;
    const std::int64_t classes = reader.class_count();
    if (classes == 0) refuse(reader, channel, options);
    const auto labels = options.num_classes > 0 ? std::vector<std::int64_t>{} : reader.labels();
    if (labels.empty()) return;
    if (channel.distribution == Distribution::sharded_by_s3_key) return;  // the other hosts hold other labels
    check_density(labels, classes, channel);
    doubt_empty_classes(labels, classes, channel);
}

class EndedReader : public RecordReader {
  public:
    std::optional<Record> next() override { return std::nullopt; }
};

}  // namespace

// Opens one pass after the other.
class SampleStream::Passes {
  public:
    Passes(const ChannelSpec& channel, const ChannelSpec* lst, const DataOptions& options)
        : channel_(channel), options_(options) {
        if (channel.mode == InputMode::pipe) return;
        opened_ = open_channel(channel, lst, options.format);
        log_format(channel, opened_->format, opened_->reason);
    }

    Passes(const ChannelSpec& channel, const DataOptions& options, BegunPipe begun)
        : channel_(channel), options_(options), begun_(std::move(begun)) {}

    std::unique_ptr<ResumedReader> open() {
        if (first_) return std::move(first_);
        return std::make_unique<ResumedReader>(std::make_unique<SharedReader>(open_whole(), options_.share));
    }

    // For the next open(): the pass that was opened for the head.
    void put_back(std::unique_ptr<ResumedReader> reader) { first_ = std::move(reader); }

    [[nodiscard]] const ChannelSpec& channel() const { return channel_; }
    [[nodiscard]] const DataOptions& options() const { return options_; }

    ImageFit rule;                    ///< decided by the first images
    std::optional<ImageShape> shape;  ///< of all samples, once the first ones are decoded

  private:
    std::unique_ptr<RecordReader> open_whole() {
        if (opened_) return make_record_reader(*opened_, DataPart::train, options_);
        if (!begun_.pipe) begun_ = begin_pipe(channel_, options_);
        if (begun_.first) return std::move(begun_.first);
        return open_next(*begun_.pipe);
    }

    // The platform may end the job's data so.
    std::unique_ptr<RecordReader> open_next(PipeChannel& pipe) const {
        try {
            auto pass = open_pass(pipe.next_pass(), channel_, options_, &begun_.form);
            if (pass.form.format == begun_.form.format) return std::move(pass.reader);
            throw DataError(text(name_of(channel_), ": expected ", to_text(begun_.form.format),
                                 " in each pass, as in the first one, found ", to_text(pass.form.format),
                                 ". Look for objects of another format under the channel's S3 prefix."));
        } catch (const NoRecords& empty) {
            log_warning(text(empty.what(), " Training ends, as after a last epoch."));
            return std::make_unique<EndedReader>();
        }
    }

    ChannelSpec channel_;
    DataOptions options_;
    BegunPipe begun_;  ///< of a Pipe-mode channel
    std::optional<OpenedChannel> opened_;
    std::unique_ptr<ResumedReader> first_;  ///< behind the pipe, which must outlive it
};

// One pass: shuffled, decoded on worker threads.
class SampleStream::Pass {
  public:
    Pass(Passes& passes, std::uint64_t key, std::int64_t skip)
        : collector_(passes.channel(), passes.options().on_bad_record, passes.shape),
          reader_(passes.open(), passes.options().shuffle_buffer << 20, key) {
        if (passes.options().on_bad_record == BadRecordPolicy::error) {
            // Where a damaged record ends the job, those before are all samples.
            for (; skip > 0 && reader_.next_unloaded(); --skip) {
            }
        }
        pipeline_.emplace(reader_, passes.rule, passes.options().decode_threads);
        while (skip > 0) {
            const auto passed = next(std::min(skip, kSkippedAtOnce)).samples.size();
            skip = passed == 0 ? 0 : skip - passed;
        }
    }

    StreamedSamples next(std::int64_t count) {
        StreamedSamples out;
        while (out.samples.size() < count) {
            auto sample = pipeline_->next();
            if (!sample) break;
            if (collector_.add(*sample, out.samples)) out.ids.push_back(sample->index);
        }
        return out;
    }

    void cancel() noexcept { pipeline_->cancel(); }

    [[nodiscard]] std::int64_t skipped() const { return collector_.skipped(); }

  private:
    SampleCollector collector_;
    ShuffledReader reader_;
    std::optional<DecodePipeline> pipeline_;  ///< last: its threads use the reader
};

SampleStream::SampleStream(const ChannelSpec& channel, const ChannelSpec* lst, const DataOptions& options)
    : SampleStream(std::make_unique<Passes>(channel, lst, options)) {}

SampleStream::SampleStream(const ChannelSpec& channel, const DataOptions& options, BegunPipe begun)
    : SampleStream(std::make_unique<Passes>(channel, options, std::move(begun))) {}

SampleStream::SampleStream(std::unique_ptr<Passes> passes) : passes_(std::move(passes)) {
    const ChannelSpec& channel = passes_->channel();
    const DataOptions& options = passes_->options();
    auto reader = passes_->open();
    check_classes(*reader, channel, options);
    name_classes(head_, reader->class_names(), reader->class_count());
    passes_->rule = choose_fit(*reader, channel, options);
    // The first pass gives the head again, and warns then.
    const bool error = options.on_bad_record == BadRecordPolicy::error;
    SampleCollector collector(channel, error ? BadRecordPolicy::error : BadRecordPolicy::skip);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kHeadSamples && bytes < kLookAheadBytes && head_.pixels.size() < kLookAheadBytes; ++i) {
        if (stop_requested()) throw Stopped(text("reading ", name_of(channel)));
        const Record* record = reader->look_at(i);
        if (record == nullptr) break;
        bytes += record->payload.size();
        collector.add(decode_record(*record, reader->raw_shape(), passes_->rule), head_);
    }
    // Of a small part of a sharded channel the ranks of a host may not get a record each.
    if (head_.labels.empty()) throw NoRecords(text(name_of(channel), ": expected samples, found none."));
    passes_->shape = head_.shape;
    size_ = options.num_training_samples ? options.share.part_of(*options.num_training_samples) : reader->size_hint();
    if (size_ == 0) refuse(*reader, channel, options);
    passes_->put_back(std::move(reader));
    log_info(text(name_of(channel), ": streamed each epoch (", size_, " samples of ", to_text(head_.shape), " in ",
                  head_.class_names.size(), " classes), shuffled among ", options.shuffle_buffer, " MB of records"));
}

SampleStream::~SampleStream() = default;

void SampleStream::begin_pass(std::uint64_t key, std::int64_t skip) {
    end_pass();
    pass_ = std::make_unique<Pass>(*passes_, key, skip);
}

StreamedSamples SampleStream::next(std::int64_t count) {
    return pass_->next(count);
}

std::int64_t SampleStream::skipped() const {
    return skipped_ + (pass_ ? pass_->skipped() : 0);
}

void SampleStream::report_skipped() const {
    if (skipped() > 0) log_skipped(passes_->channel(), skipped());
}

void SampleStream::cancel_pass() noexcept {
    if (pass_) pass_->cancel();
}

void SampleStream::end_pass() {
    if (pass_) skipped_ += pass_->skipped();
    pass_.reset();
}

}  // namespace tundish
