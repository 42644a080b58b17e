#pragma once

#include "tundish/data/channel.hpp"

#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

namespace tundish {

/// Lets several processes of a host read the same Pipe-mode channels, whose FIFOs have one reader: it reads each pass
/// once and writes all its bytes to a FIFO for each process. Which records a process keeps is its own affair
/// (DataOptions::share). A pass is opened when all have opened theirs, and closed early when all have closed it. It is
/// read as long as one of them wants more; what the others have not taken yet is kept, 256 MiB for each at most. What
/// fails here is thrown by the readers' PipeChannel. A thread for each channel and each reader of it; SIGPIPE must be
/// ignored (install_stop_signals()).
class FifoDealer {
  public:
    /// Begins to wait for the readers. The FIFOs are made in a new, hidden folder under `parent`, from which those that
    /// a killed process left are removed. Throws MachineError when that cannot be made.
    FifoDealer(const std::vector<ChannelSpec>& channels, int readers, const std::filesystem::path& parent);
    FifoDealer(const FifoDealer&) = delete;
    FifoDealer& operator=(const FifoDealer&) = delete;
    /// Asks this whole process to stop (request_stop()), which is what ends a wait for a FIFO, and removes the folder.
    /// Until then no reader sees the end of a pass that was not read whole.
    ~FifoDealer();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    /// The channel as reader `index` has to open it; `folder` is a dealer's.
    static ChannelSpec dealt(ChannelSpec channel, const std::filesystem::path& folder, int index);

  private:
    class Channel;

    void end();

    std::filesystem::path folder_;
    std::vector<std::unique_ptr<Channel>> channels_;
    std::vector<std::jthread> threads_;
};

}  // namespace tundish
