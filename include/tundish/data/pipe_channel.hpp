#pragma once

#include "tundish/base/error.hpp"
#include "tundish/data/byte_source.hpp"
#include "tundish/data/channel.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace tundish {

/// How long the FIFOs of a channel are waited for. Every wait ends at once when a stop is requested. The defaults are
/// what training uses, and no setting changes them: the platform may take its time before it begins and between two
/// objects, and it ends a job that lasts too long itself.
struct PipeOptions {
    std::chrono::milliseconds first_fifo_deadline{0};       ///< until the FIFO of pass 0 is there; 0: for ever
    std::chrono::milliseconds next_fifo_deadline{900'000};  ///< until that of a later pass is there; 0: for ever
    std::chrono::milliseconds stall_deadline{0};            ///< without a writer or a byte; 0: for ever
    std::chrono::milliseconds notice_interval{30'000};      ///< between two lines in the log while waiting
    std::chrono::milliseconds look_interval{50};            ///< between two looks for a FIFO that is not there yet

    /// Throws ConfigError naming the field that is out of range.
    void validate() const;
};

/// Hands out the passes of a Pipe-mode channel in order: pass k is the FIFO `<channel.path>_<k>`, which the platform
/// makes and streams all objects of the channel into. One thread; outlives the passes it gave.
class PipeChannel {
  public:
    explicit PipeChannel(ChannelSpec channel, const PipeOptions& options = {});
    PipeChannel(const PipeChannel&) = delete;
    PipeChannel& operator=(const PipeChannel&) = delete;
    ~PipeChannel();

    /// The next pass. Its FIFO is awaited and opened at the first read() (which throws DataError when it does not come
    /// in time or is no FIFO, MachineError when the stream stalls or after cancel()) and is closed with the source, at
    /// its end or before. The pass before must have been destroyed: the platform serves one at a time.
    std::unique_ptr<ByteSource> next_pass();

    /// How many passes were given.
    [[nodiscard]] std::int64_t passes() const { return passes_; }

  private:
    class Pass;

    ChannelSpec channel_;
    PipeOptions options_;
    std::int64_t passes_ = 0;
    bool in_use_ = false;
};

/// Tells the readers of a channel's FIFOs, in other processes, why no more will come: their next read() that finds no
/// bytes throws it, DataError or MachineError by `blame`. For a writer of ours; the file is `<channel.path>_failed`.
void leave_failure(const ChannelSpec& channel, Blame blame, const std::string& message);

}  // namespace tundish
