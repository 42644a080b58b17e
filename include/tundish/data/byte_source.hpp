#pragma once

#include "tundish/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace tundish {

/// What can be wrong with bytes, for ByteSource::advice(): they end too early, or they are of another kind.
enum class Damage { cut_off, foreign };

/// Bytes that are damaged where only their source can see it, as compressed ones. Who cuts them into records adds which
/// one it was.
class DamagedBytes : public DataError {
  public:
    using DataError::DataError;
};

/// Bytes that can be read once, forward: the files of a channel or one pass of a FIFO. They come in one or several
/// parts (files), and no record reaches from one part into the next. One thread, but for cancel().
class ByteSource {
  public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    /// Blocks until at least one byte is there; reads at most `size` (which is not 0). 0 at the end of the part, as
    /// often as it is asked. Throws DataError, DamagedBytes (after all bytes before the damage), MachineError, or
    /// Stopped when a stop is requested.
    virtual std::size_t read(std::uint8_t* to, std::size_t size) = 0;

    /// Nobody wants more: a read() that waits, or will, throws MachineError soon. Any thread, beside read().
    virtual void cancel() noexcept {}

    /// Goes on to the next part; false when there is none. The first part needs no call.
    virtual bool next_part() { return false; }

    /// The part that is read, for messages: "channel 'train', part-0.rec" or "channel 'train', pass 0 (…/train_0)".
    [[nodiscard]] virtual std::string what() const = 0;

    /// The same without the channel, for Record::origin.
    [[nodiscard]] virtual std::string place() const = 0;

    /// A sentence on what to do about damaged bytes, for the end of a message.
    [[nodiscard]] virtual std::string advice(Damage damage) const = 0;
};

}  // namespace tundish
