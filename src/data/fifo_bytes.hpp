#pragma once

#include "tundish/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace tundish {

/// Takes bytes out of a FIFO without holding up its writer. The kernel lets only one side copy at a time, so that
/// read() and the other process's write() wait for each other; splice() moves whole pages into a pipe of our own, which
/// takes no time, and the copy out of that one goes on beside the writer's. This nearly doubles what a FIFO carries
/// (tests/bench/stream_bench.cpp). Where there is no second pipe or no splice() (file descriptors used up, a sandbox),
/// plain reads do. One thread.
class FifoBytes {
  public:
    /// `fifo`: open for reading, O_NONBLOCK. Makes the FIFO as large as this user may have it.
    explicit FifoBytes(UniqueFd fifo);

    /// As read(2): the number of bytes, 0 at the end, or -1 with errno; EAGAIN when there are none at the moment.
    ssize_t read(std::uint8_t* to, std::size_t size);

    /// For poll(2): readable when read() has something to give, or the end.
    [[nodiscard]] int fd() const { return fifo_.get(); }

  private:
    [[nodiscard]] bool has_side() const { return static_cast<bool>(side_in_); }
    bool move_aside();
    void give_up_side();

    UniqueFd fifo_;
    UniqueFd side_in_;
    UniqueFd side_out_;
    std::size_t aside_ = 0;  // bytes in the pipe of our own
};

}  // namespace tundish
