#pragma once

#include "tundish/data/channel.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/record_reader.hpp"
#include "tundish/data/sample_set.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tundish {

struct BegunPipe;

/// The settings that streaming what `reader` reads needs and `options` lack: num_classes where the format does not tell
/// the number of classes, num_training_samples where it does not tell that of the samples. Empty: none.
std::vector<std::string> settings_to_stream(const RecordReader& reader, const DataOptions& options);

/// Samples of a streamed channel, in the order in which they are trained on.
struct StreamedSamples {
    SampleSet samples;
    std::vector<std::int64_t> ids;  ///< place of each in the channel, the same in every pass
};

/// A train channel, or `options.share` of its records, that is read and decoded anew for every epoch, a bounded number
/// of records ahead of whoever asks: shuffle window, a few hundred decoded images, no more. In Pipe mode every pass is
/// the next FIFO; one without a byte, behind the first, is a pass without samples, with a warning. One thread, but for
/// cancel_pass().
class SampleStream {
  public:
    /// Opens the first pass and decodes up to kHeadSamples of its samples (fewer above kLookAheadBytes), which are
    /// given again by it. `options.num_classes` must be set where the format does not tell the number of classes, and
    /// options.num_training_samples where it does not tell the number of samples. Throws ConfigError that
    /// names all that lack, DataError, MachineError, Stopped.
    SampleStream(const ChannelSpec& channel, const ChannelSpec* lst, const DataOptions& options);

    /// The same for a Pipe-mode channel whose first pass is open and not read yet.
    SampleStream(const ChannelSpec& channel, const DataOptions& options, BegunPipe begun);
    SampleStream(const SampleStream&) = delete;
    SampleStream& operator=(const SampleStream&) = delete;
    ~SampleStream();

    static constexpr std::size_t kHeadSamples = 5000;

    /// The first samples of the channel, with its shape and class names.
    [[nodiscard]] const SampleSet& head() const { return head_; }

    /// Samples of the share in a pass, as far as anybody knows before reading it.
    [[nodiscard]] std::int64_t size() const { return size_; }

    /// Begins the next pass, in an order that `key` decides, behind its first `skip` samples. Damaged records do not
    /// count, as next() does not give them: where on_bad_record allows some, those samples are decoded to be counted.
    void begin_pass(std::uint64_t key, std::int64_t skip = 0);

    /// The next `count` samples of the pass; fewer only at its end. Throws DataError (channel, file or pass, record),
    /// MachineError, Stopped.
    StreamedSamples next(std::int64_t count);

    /// Nobody wants more of this pass: a next() on another thread that waits for bytes ends soon, with fewer samples or
    /// an exception. Once this has returned, end_pass() or begin_pass() must follow.
    void cancel_pass() noexcept;

    /// Leaves the pass where it stands.
    void end_pass();

    /// Damaged records passed over in all passes (on_bad_record), a record of several passes as often as it was read.
    [[nodiscard]] std::int64_t skipped() const;

    /// Their number in the log, for the end of training; nothing when there were none.
    void report_skipped() const;

  private:
    class Passes;
    class Pass;

    explicit SampleStream(std::unique_ptr<Passes> passes);

    std::unique_ptr<Passes> passes_;
    std::unique_ptr<Pass> pass_;
    SampleSet head_;
    std::int64_t size_ = 0;
    std::int64_t skipped_ = 0;
};

}  // namespace tundish
