#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "tundish/base/unique_fd.hpp"

namespace tundish {

/// One client's socket, with buffers in both directions. Every wait ends at a deadline, so that no client can hold a
/// thread for ever. Used by one thread at a time.
class Connection {
  public:
    using Clock = std::chrono::steady_clock;

    /// `fd` is non-blocking.
    explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}

    /// When reading and writing give up. Until the next call.
    void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }

    /// Up to `size` bytes; 0 at the end of the stream, -1 after an error or at the deadline (see timed_out()).
    long read(char* to, std::size_t size);

    /// Takes all of it into the buffer, sending when that is full. False when the client is gone or too slow.
    bool write(std::string_view bytes);

    /// Sends what is buffered.
    bool flush();

    /// Bytes of the next request are here already.
    [[nodiscard]] bool has_input() const { return begin_ < end_; }

    /// A GET with all its headers is here already: it is read without waiting for the client.
    [[nodiscard]] bool holds_whole_get() const;

    /// Waits for input; false when none came in time.
    bool wait_for_input(std::chrono::milliseconds longest);

    /// True when the last failure was the deadline.
    [[nodiscard]] bool timed_out() const { return timed_out_; }

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// Says that nothing more will be sent, and reads on for a short while: closing a socket with unread bytes makes
    /// the kernel reset it, and the reply may be lost on its way.
    void close_gently();

  private:
    long receive(char* to, std::size_t size);
    bool send_all(std::string_view bytes);
    bool wait(short events);

    UniqueFd fd_;
    Clock::time_point deadline_ = Clock::time_point::max();
    bool timed_out_ = false;
    std::array<char, 8192> input_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::string output_;
};

}  // namespace tundish
