#pragma once

#include "tundish/data/channel.hpp"

#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tundish {

/// Lets several processes of a host read the same Pipe-mode channels, whose FIFOs have one reader: it reads each pass
/// once and writes all its bytes to a FIFO for each process, in step, so that the slowest one sets the pace. Which
/// records a process keeps is its own affair (DataOptions::share). A pass is opened when all have opened theirs, and
/// closed early when all have closed it. A thread for each channel; SIGPIPE must be ignored (install_stop_signals()).
class FifoDealer {
  public:
    /// Begins to wait for the readers. The FIFOs are made in a new, hidden folder under `parent`. Throws MachineError
    /// when that cannot be made.
    FifoDealer(const std::vector<ChannelSpec>& channels, int readers, const std::filesystem::path& parent);
    FifoDealer(const FifoDealer&) = delete;
    FifoDealer& operator=(const FifoDealer&) = delete;
    /// Asks this whole process to stop (request_stop()), which is what ends a wait for a FIFO, and removes the folder.
    /// Until then no reader sees the end of a pass that was not read whole.
    ~FifoDealer();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    /// The channel as reader `index` has to open it; `folder` is a dealer's.
    static ChannelSpec dealt(ChannelSpec channel, const std::filesystem::path& folder, int index);

    /// Throws what a channel failed with, DataError or MachineError; of several the first. Any thread.
    void check() const;

  private:
    class Channel;

    void fail(std::exception_ptr failure);

    std::filesystem::path folder_;
    mutable std::mutex mutex_;
    std::exception_ptr failure_;
    std::vector<std::unique_ptr<Channel>> channels_;
    std::vector<std::jthread> threads_;
};

}  // namespace tundish
