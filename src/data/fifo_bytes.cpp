#include "fifo_bytes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace tundish {
namespace {

constexpr int kLargestPipe = 1 << 20;

// Largest first: what an unprivileged process may have depends on /proc/sys/fs/pipe-max-size and on how much pipe
// memory its user holds already. The default is 64 KiB; any of these spares writer and reader many turns.
// One that its writer has made larger still stays so.
void enlarge_pipe(int fd) {
    const int present = ::fcntl(fd, F_GETPIPE_SZ);
    for (int size = kLargestPipe; size > std::max(present, 1 << 16); size /= 2) {
        if (::fcntl(fd, F_SETPIPE_SZ, size) >= 0) return;
    }
}

}  // namespace

FifoBytes::FifoBytes(UniqueFd fifo) : fifo_(std::move(fifo)) {
    enlarge_pipe(fifo_.get());
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
    side_out_ = UniqueFd(ends[0]);
    side_in_ = UniqueFd(ends[1]);
    enlarge_pipe(side_in_.get());
}

ssize_t FifoBytes::read(std::uint8_t* to, std::size_t size) {
    if (aside_ == 0 && !move_aside()) return ::read(fifo_.get(), to, size);
    const ssize_t got = ::read(side_out_.get(), to, size);
    if (got > 0) aside_ -= static_cast<std::size_t>(got);
    return got;
}

// False when there is nothing to move; a plain read() then says why: the end, not yet, or an error.
bool FifoBytes::move_aside() {
    if (!has_side()) return false;
    const ssize_t moved = ::splice(fifo_.get(), nullptr, side_in_.get(), nullptr, kLargestPipe, SPLICE_F_NONBLOCK);
    if (moved < 0 && errno != EAGAIN && errno != EINTR) give_up_side();
    if (moved > 0) aside_ = static_cast<std::size_t>(moved);
    return moved > 0;
}

void FifoBytes::give_up_side() {
    side_in_.reset();
    side_out_.reset();
}

}  // namespace tundish
