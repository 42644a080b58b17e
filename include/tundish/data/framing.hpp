#pragma once

#include "tundish/data/buffered_input.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tundish {

/// Larger records are refused before memory is taken for them. It is also what one part of a RecordIO record can hold.
inline constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 29U;

/// A record that is not what it has to be, in a stream that goes on behind it. `what()` is the cause only.
class RecordProblem : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Cuts a source's bytes into records, through all of its parts. After an exception other than RecordProblem it is of
/// no further use. One thread, but for cancel().
class Framing {
  public:
    Framing(const Framing&) = delete;
    Framing& operator=(const Framing&) = delete;
    virtual ~Framing() = default;

    /// The next record's bytes, valid until the next call; nothing at the end of the last part. Throws DataError
    /// naming source, record, byte offset, what was expected and found, and what to do; MachineError or Stopped as
    /// the source does; RecordProblem when the record is damaged within, though its end is known.
    std::optional<ByteSpan> next();

    /// As ByteSource::cancel(), for next().
    void cancel() noexcept { input_.cancel(); }

    /// Records that next() has given or found damaged, over all parts.
    [[nodiscard]] std::int64_t count() const { return count_; }

    /// Where the record that next() read last begins, in bytes from the beginning of its part.
    [[nodiscard]] std::uint64_t record_at() const { return record_at_; }

    /// The record that next() read last, for Record::origin: "part-0.rec, record 17 (byte 5120)".
    [[nodiscard]] std::string origin() const;

    /// The same with the channel, for messages: "channel 'train', part-0.rec, record 17 (byte 5120)".
    [[nodiscard]] std::string what() const;

    /// The source's sentence on what to do about damaged bytes.
    [[nodiscard]] std::string advice(Damage damage) const { return input_.source().advice(damage); }

  protected:
    /// `title` names the format in messages: "RecordIO".
    Framing(std::unique_ptr<ByteSource> source, std::string_view title) : input_(std::move(source)), title_(title) {}

    /// The record that begins here; at least one byte does.
    virtual ByteSpan read_record() = 0;

    /// The next `size` bytes of the record, named `part` if they are not all there: "header", "data".
    ByteSpan need(std::size_t size, std::string_view part) {
        const ByteSpan bytes = peek(size);
        if (bytes.size() < size) cut_off(bytes.size(), size, part);
        return bytes;
    }
    void consume(std::size_t size) { input_.consume(size); }
    [[nodiscard]] std::uint64_t offset() const { return input_.offset(); }

    /// The record's bytes are not what they have to be.
    [[noreturn]] void refuse(std::string_view problem) const;

    /// What the next bytes look like: "a JPEG image", "text that begins '<html>'". Waits for 32 of them or the end.
    std::string what_stands_here();

  private:
    ByteSpan peek(std::size_t size) {
        try {
            return input_.peek(size);
        } catch (const DamagedBytes& damage) {
            add_record_to(damage.what());
        }
    }
    bool part_has_ended();
    [[noreturn]] void add_record_to(std::string_view damage) const;
    [[noreturn]] void cut_off(std::size_t found, std::size_t size, std::string_view part);

    BufferedInput input_;
    std::string title_;
    std::int64_t count_ = 0;
    std::int64_t in_part_ = -1;  ///< number of the record that is or was read last
    std::uint64_t record_at_ = 0;
};

}  // namespace tundish
