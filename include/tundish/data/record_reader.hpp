#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tundish/data/channel.hpp"
#include "tundish/data/image.hpp"
#include "tundish/data/record.hpp"

namespace tundish {

struct SampleSet;

/// What a channel's bytes are. `automatic` looks at the content type, then at the files or the stream's first bytes.
/// `recordio` holds MXNet image records, or image and label in turn as an augmented manifest gives them;
/// `augmented_manifest` insists on the latter.
enum class DataFormat { automatic, cifar10, cifar100, image_folder, lst, recordio, tfrecord, augmented_manifest, idx };

/// True for formats that concatenate: those that can come through a FIFO.
bool is_stream_format(DataFormat format);

/// The name users write for a format (`data_format` hyperparameter), and back. Throws ConfigError listing all names.
std::string to_text(DataFormat format);
DataFormat data_format_from_text(const std::string& name);

/// Of undecoded records, and of decoded images, that may be kept while the first ones are looked at to find out what
/// the channel holds: large images are fewer.
inline constexpr std::size_t kLookAheadBytes = std::size_t{64} << 20U;

/// Reads a channel's records in a fixed order, forward only. One thread, but for cancel().
class RecordReader {
  public:
    RecordReader() = default;
    RecordReader(const RecordReader&) = delete;
    RecordReader& operator=(const RecordReader&) = delete;
    virtual ~RecordReader() = default;

    /// The next record; nothing at the end. Throws DataError (channel, file, record, expected, found) or Stopped.
    virtual std::optional<Record> next() = 0;

    /// next() that may leave the payload empty for load() to fill, so that decode workers read files side by side.
    virtual std::optional<Record> next_unloaded() { return next(); }

    /// Fills the payload of a record that next_unloaded() gave. Any thread. Throws as next() does.
    virtual void load(Record& /*record*/) const {}

    /// Nobody wants more: a next() that waits for bytes, or will, throws soon. Any thread, beside next().
    virtual void cancel() noexcept {}

    /// Raw formats: appends all records that are left to the set's pixels and labels, much faster than next() can.
    /// False, and nothing read, for a reader that has only next(). Throws as next() does.
    virtual bool read_all_into(SampleSet& /*samples*/) { return false; }

    /// Set when payloads are raw planar uint8 pixels of this shape rather than encoded images.
    [[nodiscard]] virtual std::optional<ImageShape> raw_shape() const { return std::nullopt; }

    /// Class names in label order; empty when the format has none.
    [[nodiscard]] virtual std::vector<std::string> class_names() const { return {}; }

    /// How many classes the format itself implies (10 for CIFAR-10, folders for a folder); 0 when only the labels tell.
    [[nodiscard]] virtual std::int64_t class_count() const { return 0; }

    /// The labels of all records where they are known before reading (lists, IDX files); empty otherwise.
    [[nodiscard]] virtual std::vector<std::int64_t> labels() const { return {}; }

    /// Number of records if known before reading; 0 otherwise. Only a hint, for progress and for reserving memory.
    [[nodiscard]] virtual std::int64_t size_hint() const { return 0; }
};

}  // namespace tundish
