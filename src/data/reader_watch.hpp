#pragma once

#include "tundish/base/unique_fd.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <sys/types.h>
#include <vector>

namespace tundish {

/// The other processes that have had our FIFOs open for reading: whoever feeds them can end when they are gone. A FIFO
/// itself does not tell a reader that comes back for the next pass from one that has ended, so /proc is looked at.
/// Processes of other users, which /proc does not show, and threads of this process are not seen. Any thread.
class ReaderWatch {
  public:
    explicit ReaderWatch(std::chrono::milliseconds patience) : patience_(patience) {}

    /// Finds out who reads the FIFO that `fifo` writes to. False when nobody is to be seen.
    bool note_readers_of(int fifo);

    /// True when readers were seen, all have ended, and since then `patience` has passed without another.
    bool gone();

    /// Tells every thread that one channel has failed.
    void cancel();
    [[nodiscard]] bool cancelled() const;

    [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }

  private:
    struct Reader {
        pid_t process;
        UniqueFd handle;  ///< of pidfd_open: readable once the process has ended
    };

    void drop_ended();

    const std::chrono::milliseconds patience_;
    mutable std::mutex mutex_;
    std::vector<Reader> readers_;
    std::optional<std::chrono::steady_clock::time_point> alone_since_;
    bool seen_ = false;
    bool cancelled_ = false;
};

}  // namespace tundish
