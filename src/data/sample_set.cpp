#include "tundish/data/sample_set.hpp"

#include "class_numbers.hpp"
#include "decoded_size.hpp"
#include "image_memory.hpp"
#include "resumed_reader.hpp"
#include "sample_collector.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_reader.hpp"
#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/decode_pipeline.hpp"
#include "tundish/data/pipe_channel.hpp"
#include "tundish/data/sample_stream.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace tundish {
namespace {

void check_options(const DataOptions& options) {
    if (!options.image_shape || !options.resize_short_side) return;
    if (*options.resize_short_side >= std::max(options.image_shape->height, options.image_shape->width)) return;
    throw ConfigError(text("resize: expected at least the larger side of image_shape (", to_text(*options.image_shape),
                           "), found ", *options.resize_short_side,
                           ". The centre is cropped to image_shape after resizing."));
}

void read_records(ResumedReader& reader, const ChannelSpec& channel, const DataOptions& options,
                  const ImageMemory& memory, SampleSet& samples) {
    const auto raw = reader.raw_shape();
    const bool as_it_is = raw && !options.resize_short_side && options.image_shape.value_or(*raw) == *raw;
    if (as_it_is) {
        samples.shape = *raw;
        memory.reserve(samples, raw->pixels());
        if (reader.read_all_into(samples)) return;
    }
    SampleCollector collector(channel, options.on_bad_record);
    DecodePipeline pipeline(reader, choose_fit(reader, channel, options), options.decode_threads);
    while (auto sample = pipeline.next()) {
        if (stop_requested()) throw Stopped(text("reading ", name_of(channel)));
        const std::size_t image_bytes = sample->image.pixels.size();
        if (samples.labels.empty()) memory.reserve(samples, image_bytes);
        memory.grow(samples, image_bytes);
        collector.add(*sample, samples);
    }
    samples.skipped = collector.skipped();
}

std::int64_t count_classes(const RecordReader& reader, const SampleSet& samples, const ChannelSpec& channel,
                           const DataOptions& options) {
    std::int64_t classes = reader.class_count();
    for (const auto label : samples.labels) classes = std::max(classes, label + 1);
    if (options.num_classes == 0 && channel.distribution != Distribution::sharded_by_s3_key)
        check_density(samples.labels, classes, channel);
    return classes;
}

void report(const ChannelSpec& channel, const SampleSet& samples, double seconds) {
    log_info(text(name_of(channel), ": ", samples.size(), " samples of ", to_text(samples.shape), " in ",
                  samples.class_names.size(), " classes, ", human_bytes(samples.pixels.size()), ", read in ",
                  fixed(seconds, 2), " s"));
    if (samples.skipped > 0) log_skipped(channel, samples.skipped);
}

constexpr const char* kSmaller = "choose an instance with more memory or a smaller image_shape.";

SampleSet collect(ResumedReader& reader, const ChannelSpec& channel, const DataOptions& options,
                  const ImageMemory& memory) {
    const Stopwatch watch;
    SampleSet samples;
    try {
        read_records(reader, channel, options, memory, samples);
    } catch (const std::bad_alloc&) {
        throw MachineError(text(name_of(channel), ": not enough memory for its samples after ", samples.size(),
                                " of them: ", kSmaller));
    }
    if (samples.labels.empty()) {
        const auto where = text(" in ", channel.path.string(), '.');
        if (samples.skipped == 0) throw NoRecords(text(name_of(channel), ": expected samples, found none", where));
        throw DataError(text(name_of(channel), ": expected samples, found none that can be decoded", where));
    }
    auto names = reader.class_names();
    const auto classes = names.empty() ? count_classes(reader, samples, channel, options) : 0;
    name_classes(samples, std::move(names), classes);
    report(channel, samples, watch.seconds());
    return samples;
}

// Of a channel that is kept whatever its size: those for validation.
SampleSet collect(std::unique_ptr<RecordReader> records, const ChannelSpec& channel, const DataOptions& options) {
    ResumedReader reader(std::move(records));
    const ImageMemory memory(channel, options.memory_limit, reader.size_hint(),
                             text("Validation images are always kept in memory: use fewer, or ", kSmaller));
    return collect(reader, channel, options, memory);
}

SampleSet read_samples(const OpenedChannel& opened, DataPart part, const DataOptions& options) {
    return collect(make_record_reader(opened, part, options), opened.files.channel, options);
}

// One pass holds all samples; the platform streams it again only to whoever opens the next FIFO.
SampleSet read_pipe(const ChannelSpec& channel, const DataOptions& options) {
    log_info(
        text(name_of(channel), ": Pipe mode, reading ", channel.path.string(), "_0 once; its images stay in memory"));
    auto begun = begin_pipe(channel, options);
    return collect(std::move(begun.first), channel, options);
}

OpenedChannel open_and_log(const ChannelSpec& channel, const ChannelSpec* lst, DataFormat format) {
    auto opened = open_channel(channel, lst, format);
    log_format(channel, opened.format, opened.reason);
    return opened;
}

ImageMemory memory_for_training(const ChannelSpec& channel, const RecordReader& reader, const DataOptions& options) {
    const auto lacking = settings_to_stream(reader, options);
    const std::string with = lacking.empty() ? "" : text(", and with it ", join(lacking, " and "));
    // Of a sharded channel the user counts all hosts' samples.
    const bool sharded = channel.distribution == Distribution::sharded_by_s3_key;
    const std::int64_t told = sharded ? 0 : options.num_training_samples.value_or(0);
    return {channel, options.memory_limit, reader.size_hint() > 0 ? reader.size_hint() : told,
            text("Set cache=none", with, ", so that they are read anew for each epoch; or ", kSmaller)};
}

// Whether all images are kept. Those that do not fit are streamed, if the job has told what that needs.
bool keeps(const ChannelSpec& channel, ResumedReader& reader, const ImageMemory& memory, const DataOptions& options,
           const std::function<std::uint64_t()>& stored_bytes) {
    if (options.cache == CacheMode::memory) return true;
    const std::uint64_t needed = decoded_size(reader, options, memory.expected(), stored_bytes);
    if (memory.holds(needed)) return true;
    const auto would_take = text("its images would take ", human_bytes(needed));
    if (!settings_to_stream(reader, options).empty())
        memory.refuse(text(would_take, ", more than half of the memory (cache=memory tries to keep them)"));
    log_info(text(name_of(channel), ": ", would_take, " of ", human_bytes(memory.all()),
                  " of memory, so they are not kept (cache=memory keeps them)"));
    return false;
}

void stream(TrainingData& data, std::unique_ptr<SampleStream> samples) {
    data.stream = std::move(samples);
    data.train = data.stream->head();
}

void keep_or_stream(TrainingData& data, const OpenedChannel& opened, const ChannelSpec* lst,
                    const DataOptions& options) {
    const ChannelSpec& train = opened.files.channel;
    log_format(train, opened.format, opened.reason);
    ResumedReader reader(make_record_reader(opened, DataPart::train, options));
    const auto memory = memory_for_training(train, reader, options);
    if (keeps(train, reader, memory, options, [&] { return size_of_files(opened.files); })) {
        data.train = collect(reader, train, options, memory);
    } else {
        stream(data, std::make_unique<SampleStream>(train, lst, options));
    }
}

// How long a stream is nobody can know: without num_training_samples it is kept as long as memory lasts.
void keep_or_stream(TrainingData& data, const ChannelSpec& train, const DataOptions& options) {
    log_info(text(name_of(train), ": Pipe mode, reading ", train.path.string(), "_0"));
    auto begun = begin_pipe(train, options);
    auto reader = std::make_unique<ResumedReader>(std::move(begun.first));
    const auto memory = memory_for_training(train, *reader, options);
    if (keeps(train, *reader, memory, options, [] { return std::uint64_t{0}; })) {
        log_info(text(name_of(train), ": read once, its images stay in memory"));
        data.train = collect(*reader, train, options, memory);
    } else {
        begun.first = std::move(reader);
        stream(data, std::make_unique<SampleStream>(train, options, std::move(begun)));
    }
}

// A file of CIFAR's class names may be all that a host got.
std::vector<std::string> names_alone(const ChannelSpec& channel, const DataOptions& options) {
    std::error_code error;
    if (channel.mode == InputMode::pipe || !std::filesystem::is_directory(channel.path, error)) return {};
    const auto files = list_channel(channel);
    auto names = cifar_class_names(files, "", DataFormat::cifar10, options.num_classes);
    return names.empty() ? cifar_class_names(files, "", DataFormat::cifar100, options.num_classes) : names;
}

SampleSet empty_shard(const ChannelSpec& channel, const DataOptions& options) {
    SampleSet samples;
    samples.shape = options.image_shape.value_or(ImageShape{});
    name_classes(samples, names_alone(channel, options), options.num_classes);
    return samples;
}

// A host of a sharded channel cannot know which classes the others hold; a stream has looked at its labels itself.
void doubt_classes(const TrainingData& data, const ChannelSpec& train, const DataOptions& options) {
    if (data.stream || options.num_classes > 0 || data.train_sharded || !data.train.numbered) return;
    doubt_empty_classes(data.train.labels, static_cast<std::int64_t>(data.train.class_names.size()), train);
}

void load_train(TrainingData& data, const ChannelSpec& train, const ChannelSpec* lst,
                std::optional<OpenedChannel>& opened, const DataOptions& options) {
    if (train.mode != InputMode::pipe) opened = open_channel(train, lst, options.format);
    if (options.cache == CacheMode::none) {
        stream(data, std::make_unique<SampleStream>(train, lst, options));
    } else if (opened) {
        keep_or_stream(data, *opened, lst, options);
    } else {
        keep_or_stream(data, train, options);
    }
    doubt_classes(data, train, options);
}

// Reads the channel. S3 may give a host of a sharded one no object with records: then it takes part with nothing, which
// is an error of other channels.
template <typename Read>
bool read_unless_empty(const ChannelSpec& channel, const Read& read) {
    try {
        read();
        return true;
    } catch (const NoRecords& error) {
        if (channel.distribution != Distribution::sharded_by_s3_key) throw;
        log_warning(text(name_of(channel),
                         ": 0 samples on this host, by S3DataDistributionType ShardedByS3Key: ", error.what()));
        return false;
    }
}

// A validation channel whose classes are numbers may hold fewer than train, and takes its names.
void match_classes(const ChannelSpec& train, SampleSet& validation, const SampleSet& training,
                   const std::string& channel) {
    if (validation.class_names == training.class_names) return;
    if (validation.numbered && largest_label(validation) < std::ssize(training.class_names)) {
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

// Where labels are numbers only, a validation label is checked against the train channel's classes; of a sharded one
// this host knows a part.
DataOptions for_validation(const DataOptions& options, const SampleSet& training, bool sharded) {
    DataOptions out = options;
    if (!sharded && training.numbered) out.num_classes = static_cast<std::int64_t>(training.class_names.size());
    return out;
}

SampleSet read_validation(const ChannelSpec& channel, const ChannelSpec* lst, const DataOptions& options) {
    if (channel.mode == InputMode::pipe) return read_pipe(channel, options);
    return read_samples(open_and_log(channel, lst, options.format), DataPart::evaluation, options);
}

}  // namespace

SampleSet load_samples(const ChannelSpec& channel, const DataOptions& options) {
    check_options(options);
    if (channel.mode == InputMode::pipe) return read_pipe(channel, options);
    SampleSet samples;
    const auto read = [&] {
        samples = read_samples(open_and_log(channel, nullptr, options.format), DataPart::all, options);
    };
    if (!read_unless_empty(channel, read)) samples = empty_shard(channel, options);
    return samples;
}

TrainingData::TrainingData() = default;
TrainingData::TrainingData(SampleSet train_set, std::optional<SampleSet> validation_set)
    : train(std::move(train_set)), validation(std::move(validation_set)) {}
TrainingData::TrainingData(TrainingData&&) noexcept = default;
TrainingData& TrainingData::operator=(TrainingData&&) noexcept = default;
TrainingData::~TrainingData() = default;

std::int64_t TrainingData::train_size() const {
    return stream ? stream->size() : train.size();
}

void TrainingData::report_skipped(const ChannelSpec& train_channel, const ChannelSpec* validation_channel) const {
    if (stream) {
        stream->report_skipped();
    } else if (train.skipped > 0) {
        log_skipped(train_channel, train.skipped);
    }
    if (validation && validation->skipped > 0)
        log_skipped(validation_channel != nullptr ? *validation_channel : train_channel, validation->skipped);
}

TrainingData load_training_data(const ChannelSpec& train, const ChannelSpec* validation, const ChannelSpec* train_lst,
                                const ChannelSpec* validation_lst, const DataOptions& options) {
    check_options(options);
    TrainingData data;
    const ChannelSpec& validating = validation != nullptr ? *validation : train;
    data.train_sharded = train.distribution == Distribution::sharded_by_s3_key;
    data.validation_sharded = validating.distribution == Distribution::sharded_by_s3_key;
    // A channel that is not there is found out before the other one has been read for an hour.
    if (validation != nullptr && validation->mode != InputMode::pipe && !data.validation_sharded)
        static_cast<void>(list_channel(*validation));
    std::optional<OpenedChannel> opened;
    if (!read_unless_empty(train, [&] { load_train(data, train, train_lst, opened, options); }))
        data.train = empty_shard(train, options);
    const bool with_test = opened && has_test_file(*opened);
    if (validation != nullptr) {
        const auto read = [&] {
            if (with_test && validation->mode != InputMode::pipe)
                log_info(
                    text(name_of(train), ": its test file is not used, there is a channel '", validation->name, '\''));
            data.validation =
                read_validation(*validation, validation_lst, for_validation(options, data.train, data.train_sharded));
        };
        if (!read_unless_empty(*validation, read)) {
            data.validation.emplace();
            data.validation->shape = data.train.shape;
            data.validation->class_names = data.train.class_names;
            data.validation->numbered = data.train.numbered;
            return data;
        }
    } else if (with_test) {
        log_info(text(name_of(train), ": its test file is the validation set, it is not trained on"));
        data.validation = read_samples(*opened, DataPart::test, options);
    }
    if (data.validation && !data.train_sharded && !data.validation_sharded) {
        if (data.train.numbered && data.train.class_names.size() == data.validation->class_names.size())
            name_classes(data.train, data.validation->class_names, 0);  // a stream has no names, files may
        match_classes(train, *data.validation, data.train, validating.name);
        match_shape(train, *data.validation, data.train, validating.name);
    }
    return data;
}

}  // namespace tundish
