#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tundish/data/channel.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/image.hpp"
#include "tundish/data/record_reader.hpp"

namespace tundish {

/// All samples of a channel, decoded once and kept as uint8: sample i is pixels[i * shape.pixels() …], planar.
struct SampleSet {
    ImageShape shape;
    Bytes pixels;
    std::vector<std::int64_t> labels;
    std::vector<std::string> class_names;  ///< one for each class; "0".."N-1" when the data has no names
    bool numbered = false;                 ///< the data has no names
    std::int64_t skipped = 0;              ///< damaged records that `on_bad_record` allowed to pass over

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
};

/// -1 without samples.
std::int64_t largest_label(const SampleSet& samples);

/// "0", "1", … for classes without names.
std::vector<std::string> numbers_as_names(std::int64_t classes);

/// Calls the classes by `names`; where there are none, by the numbers of as many as `classes`.
void name_classes(SampleSet& samples, std::vector<std::string> names, std::int64_t classes);

class SampleStream;

/// The channels of a training job after loading. `validation` is absent when the job has none. With a `stream` the
/// train channel is read anew each epoch, and `train` holds its first samples only.
struct TrainingData {
    TrainingData();
    TrainingData(SampleSet train_set, std::optional<SampleSet> validation_set);
    TrainingData(TrainingData&&) noexcept;
    TrainingData& operator=(TrainingData&&) noexcept;
    ~TrainingData();

    SampleSet train;
    std::optional<SampleSet> validation;
    std::unique_ptr<SampleStream> stream;
    bool train_sharded = false;       ///< the other hosts hold other samples (ShardedByS3Key)
    bool validation_sharded = false;  ///< likewise

    /// Training samples in an epoch.
    [[nodiscard]] std::int64_t train_size() const;

    /// How many damaged records each channel passed over (on_bad_record), in the log, for the end of the job; nothing
    /// when there were none. `validation` null: the validation samples, if any, came from the train channel.
    void report_skipped(const ChannelSpec& train_channel, const ChannelSpec* validation_channel) const;
};

/// Reads a whole File-mode channel. Prints which format was chosen and why, and the number of samples.
/// Throws DataError naming channel, file, record, what was expected and what was found; Stopped on SIGTERM.
SampleSet load_samples(const ChannelSpec& channel, const DataOptions& options);

/// Reads the train channel and, if there is one, the validation channel (`nullptr`: none). A `test_batch.bin`
/// (CIFAR-100: `test.bin`) in the train channel is never trained on: it becomes the validation set when there is no
/// other. `options.cache` decides whether the train channel is kept or streamed. The validation set's classes must be
/// those of the train set (same names in the same order for folders); of a sharded train channel only all hosts
/// together know them (unite.hpp).
TrainingData load_training_data(const ChannelSpec& train, const ChannelSpec* validation, const ChannelSpec* train_lst,
                                const ChannelSpec* validation_lst, const DataOptions& options);

}  // namespace tundish
