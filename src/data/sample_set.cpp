#include "tundish/data/sample_set.hpp"

#include "huge_pages.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_reader.hpp"
#include "tundish/data/decode_pipeline.hpp"
#include "tundish/data/pipe_channel.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace tundish {
namespace {

std::vector<std::string> numbers_as_names(std::int64_t classes) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
    return names;
}

bool named_by_numbers(const SampleSet& set) {
    return set.class_names == numbers_as_names(static_cast<std::int64_t>(set.class_names.size()));
}

// Puts decoded images into a set, one after the other, under the channel's rules.
class SampleCollector {
  public:
    SampleCollector(const ChannelSpec& channel, const DataOptions& options, std::int64_t expected, SampleSet& samples)
        : channel_(channel), options_(options), expected_(expected), samples_(samples) {}

    void add(Decoded sample) {
        if (!sample.problem.empty()) return pass_over(sample);
        if (first_.empty()) start(sample);
        if (sample.image.shape != samples_.shape) sizes_differ(sample);
        samples_.labels.push_back(sample.label);
        samples_.pixels.insert(samples_.pixels.end(), sample.image.pixels.begin(), sample.image.pixels.end());
    }

  private:
    void start(const Decoded& sample) {
        first_ = sample.origin;
        samples_.shape = sample.image.shape;
        samples_.labels.reserve(static_cast<std::size_t>(expected_));
        samples_.pixels.reserve(static_cast<std::size_t>(expected_) * samples_.shape.pixels());
        prefer_huge_pages(samples_.pixels);
    }

    void pass_over(const Decoded& sample) {
        const std::string problem = text(name_of(channel_), ", ", sample.origin, ": ", sample.problem);
        if (options_.on_bad_record == BadRecordPolicy::error) {
            throw DataError(text(problem, ". Replace or remove it, or set on_bad_record=skip to train without it."));
        }
        if (options_.on_bad_record == BadRecordPolicy::skip_warn) log_warning(text(problem, ". Skipped."));
        ++samples_.skipped;
    }

    [[noreturn]] void sizes_differ(const Decoded& sample) const {
        throw DataError(text(name_of(channel_), ": expected images of one size, found ", to_text(samples_.shape), " (",
                             first_, ") and ", to_text(sample.image.shape), " (", sample.origin,
                             "). Set image_shape, such as image_shape=", samples_.shape.channels, ',',
                             samples_.shape.height, ',', samples_.shape.width, ", so that all are resized to it."));
    }

    const ChannelSpec& channel_;
    const DataOptions& options_;
    std::int64_t expected_;
    SampleSet& samples_;
    std::string first_;
};

void check_options(const DataOptions& options) {
    if (!options.image_shape || !options.resize_short_side) return;
    if (*options.resize_short_side >= std::max(options.image_shape->height, options.image_shape->width)) return;
    throw ConfigError(text("resize: expected at least the larger side of image_shape (", to_text(*options.image_shape),
                           "), found ", *options.resize_short_side,
                           ". The centre is cropped to image_shape after resizing."));
}

void read_records(RecordReader& reader, const ChannelSpec& channel, const DataOptions& options, SampleSet& samples) {
    const auto raw = reader.raw_shape();
    const bool as_it_is = raw && !options.resize_short_side && options.image_shape.value_or(*raw) == *raw;
    if (as_it_is) {
        samples.shape = *raw;
        if (reader.read_all_into(samples)) return;
    }
    SampleCollector collector(channel, options, reader.size_hint(), samples);
    DecodePipeline pipeline(reader, {options.image_shape, options.resize_short_side}, options.decode_threads);
    while (auto sample = pipeline.next()) {
        if (stop_requested()) throw Stopped(text("reading ", name_of(channel)));
        collector.add(std::move(*sample));
    }
}

std::vector<std::string> class_names_of(const RecordReader& reader, const SampleSet& samples) {
    auto names = reader.class_names();
    if (!names.empty()) return names;
    std::int64_t classes = reader.class_count();
    for (const auto label : samples.labels) classes = std::max(classes, label + 1);
    return numbers_as_names(classes);
}

void report(const ChannelSpec& channel, const SampleSet& samples, double seconds) {
    log_info(text(name_of(channel), ": ", samples.size(), " samples of ", to_text(samples.shape), " in ",
                  samples.class_names.size(), " classes, ", human_bytes(samples.pixels.size()), ", read in ",
                  fixed(seconds, 2), " s"));
    if (samples.skipped > 0) {
        log_warning(text(name_of(channel), ": ", samples.skipped,
                         " records could not be decoded and were skipped (on_bad_record)"));
    }
}

SampleSet collect(RecordReader& reader, const ChannelSpec& channel, const DataOptions& options) {
    const Stopwatch watch;
    SampleSet samples;
    try {
        read_records(reader, channel, options, samples);
    } catch (const std::bad_alloc&) {
        throw MachineError(text(name_of(channel), ": not enough memory for its ", reader.size_hint(),
                                " samples. Choose an instance with more memory or a smaller image_shape."));
    }
    if (samples.labels.empty()) {
        throw DataError(text(name_of(channel), ": expected samples, found none",
                             samples.skipped > 0 ? " that can be decoded" : "", " in ", channel.path.string(), '.'));
    }
    samples.class_names = class_names_of(reader, samples);
    report(channel, samples, watch.seconds());
    return samples;
}

SampleSet read_samples(const OpenedChannel& opened, CifarPart part, const DataOptions& options) {
    return collect(*make_record_reader(opened, part, options), opened.files.channel, options);
}

// One pass holds all samples; the platform streams it again only to whoever opens the next FIFO.
SampleSet read_pipe(const ChannelSpec& channel, const DataOptions& options) {
    log_info(
        text(name_of(channel), ": Pipe mode, reading ", channel.path.string(), "_0 once; its images stay in memory"));
    PipeChannel pipe(channel);
    return collect(*open_pass(pipe.next_pass(), channel, options), channel, options);
}

OpenedChannel open_and_log(const ChannelSpec& channel, const ChannelSpec* lst, DataFormat format) {
    auto opened = open_channel(channel, lst, format);
    log_info(text(name_of(channel), ": format ", to_text(opened.format), " (", opened.reason, ')'));
    return opened;
}

// S3 may give a host of a sharded job no object at all; it takes part with nothing.
bool is_empty_shard(const ChannelSpec& channel) {
    return channel.mode != InputMode::pipe && channel.distribution == Distribution::sharded_by_s3_key &&
           list_channel(channel).files.empty();
}

SampleSet empty_shard(const ChannelSpec& channel, const DataOptions& options) {
    log_warning(text(name_of(channel), ": no files on this host (S3DataDistributionType ShardedByS3Key): 0 samples"));
    SampleSet samples;
    samples.shape = options.image_shape.value_or(ImageShape{});
    samples.class_names = numbers_as_names(options.num_classes);
    return samples;
}

void match_classes(const ChannelSpec& train, SampleSet& validation, const SampleSet& training,
                   const std::string& channel) {
    if (validation.class_names == training.class_names) return;
    if (validation.class_names.size() == training.class_names.size() && named_by_numbers(validation)) {
        validation.class_names = training.class_names;
        return;
    }
    const auto lacking = [](const auto& from, const auto& in) {
        std::vector<std::string> out;
        for (const auto& name : from) {
            if (std::find(in.begin(), in.end(), name) == in.end()) out.push_back(name);
        }
        return out.empty() ? std::string("none") : some_of(out, 10);
    };
    throw DataError(text("channel '", channel, "': expected the ", training.class_names.size(), " classes of ",
                         name_of(train), ", found ", validation.class_names.size(),
                         "; missing: ", lacking(training.class_names, validation.class_names),
                         "; unknown: ", lacking(validation.class_names, training.class_names),
                         ". Both channels need the same class folders or names."));
}

void match_shape(const ChannelSpec& train, const SampleSet& validation, const SampleSet& training,
                 const std::string& channel) {
    if (validation.shape == training.shape) return;
    throw DataError(text("channel '", channel, "': expected images of ", to_text(training.shape), " as in ",
                         name_of(train), ", found ", to_text(validation.shape),
                         ". Set image_shape so that all are resized to it."));
}

// Where labels are numbers only, a validation label is checked against the train channel's classes.
DataOptions for_validation(const DataOptions& options, const SampleSet& training) {
    DataOptions out = options;
    if (named_by_numbers(training)) out.num_classes = static_cast<std::int64_t>(training.class_names.size());
    return out;
}

}  // namespace

SampleSet load_samples(const ChannelSpec& channel, const DataOptions& options) {
    check_options(options);
    if (channel.mode == InputMode::pipe) return read_pipe(channel, options);
    if (is_empty_shard(channel)) return empty_shard(channel, options);
    return read_samples(open_and_log(channel, nullptr, options.format), CifarPart::all, options);
}

TrainingData load_training_data(const ChannelSpec& train, const ChannelSpec* validation, const ChannelSpec* train_lst,
                                const ChannelSpec* validation_lst, const DataOptions& options) {
    check_options(options);
    TrainingData data;
    std::optional<OpenedChannel> opened;
    if (train.mode == InputMode::pipe) {
        data.train = read_pipe(train, options);
    } else if (is_empty_shard(train)) {
        data.train = empty_shard(train, options);
    } else {
        opened = open_and_log(train, train_lst, options.format);
        data.train = read_samples(*opened, CifarPart::train, options);
    }
    const bool with_test = opened && has_test_file(*opened);
    if (validation != nullptr && is_empty_shard(*validation)) {
        data.validation = empty_shard(*validation, options);
        data.validation->shape = data.train.shape;
        data.validation->class_names = data.train.class_names;
        return data;
    }
    if (validation != nullptr && validation->mode == InputMode::pipe) {
        data.validation = read_pipe(*validation, for_validation(options, data.train));
    } else if (validation != nullptr) {
        if (with_test)
            log_info(text(name_of(train), ": its test file is not used, there is a channel '", validation->name, '\''));
        const auto opened_validation = open_and_log(*validation, validation_lst, options.format);
        data.validation = read_samples(opened_validation, CifarPart::evaluation, for_validation(options, data.train));
    } else if (with_test) {
        log_info(text(name_of(train), ": its test file is the validation set, it is not trained on"));
        data.validation = read_samples(*opened, CifarPart::test, options);
    }
    if (data.validation && data.train.size() > 0) {
        const std::string name = validation != nullptr ? validation->name : train.name;
        match_classes(train, *data.validation, data.train, name);
        match_shape(train, *data.validation, data.train, name);
    }
    return data;
}

}  // namespace tundish
