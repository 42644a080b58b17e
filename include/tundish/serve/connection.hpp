#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
    void set_deadline(Clock::time_point deadline) { set_deadline(deadline, deadline); }

    /// The same, but reading gives up at `earlier` when others wait for this thread then or later.
    void set_deadline(Clock::time_point deadline, Clock::time_point earlier) {
        deadline_ = deadline;
        earlier_ = earlier;
        pace_.reset();
    }

    /// Tells whether others wait for this thread; must outlive the connection's use.
    void set_pressed(const std::function<bool()>& pressed) { pressed_ = &pressed; }

    /// From now on writing gives up when the client has taken nothing for `stall`, or since this call less than
    /// `slowest_rate` bytes a second, the first `stall` not counted. Taken is what its side has acknowledged. Until
    /// the next set_deadline().
    void pace_writing(std::chrono::seconds stall, std::size_t slowest_rate);

    /// Up to `size` bytes; 0 at the end of the stream, -1 after an error or at the deadline (see timed_out()).
    long read(char* to, std::size_t size);

    /// Takes all of it into the buffer, sending when that is full. False when the client is gone or too slow.
    bool write(std::string_view bytes);

    /// Sends what is buffered.
    bool flush();

    /// Between requests: gives back what a large reply took.
    void shrink() {
        constexpr std::size_t kKept = 4096;
        if (output_.capacity() > kKept && output_.empty()) output_ = std::string();
    }

    /// Bytes of the next request are here already.
    [[nodiscard]] bool has_input() const { return begin_ < end_; }

    /// A request is here already, whole and small (with its body at most what the buffer holds): it is read without
    /// waiting for the client. Takes what has come into the buffer.
    [[nodiscard]] bool holds_whole_request();

    /// The same of a GET.
    [[nodiscard]] bool holds_whole_get() { return holds_whole_request() && buffered().starts_with("GET "); }

    /// Waits for input; false when none came in time.
    bool wait_for_input(std::chrono::milliseconds longest);

    /// The client's side has reset the connection: it reads nothing any more. One that has closed looks like one that
    /// has only finished sending until it is sent something: `interim`, once, when nothing else is on its way. Empty:
    /// nothing is sent.
    [[nodiscard]] bool client_has_gone(std::string_view interim);

    /// Something could not be sent: the client has gone, or timed_out().
    [[nodiscard]] bool failed_to_send() const { return failed_to_send_; }

    /// True when the last failure was the deadline.
    [[nodiscard]] bool timed_out() const { return timed_out_; }

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// Says that nothing more will be sent, and reads on until the client closes too, for `longest` at most and for
    /// kShortGoodbye while others wait for this thread: closing a socket with unread bytes makes the kernel reset it,
    /// and the reply may be lost on its way.
    void close_gently(std::chrono::milliseconds longest = std::chrono::seconds(2));

    static constexpr std::chrono::milliseconds kShortGoodbye{200};

  private:
    long receive(char* to, std::size_t size);
    bool send_all(std::string_view bytes);
    [[nodiscard]] std::string_view buffered() const { return {input_.data() + begin_, end_ - begin_}; }
    bool wait(short events);
    [[nodiscard]] Clock::time_point next_look(short events) const;
    bool may_wait_on(short events);
    bool renew_deadline();

    struct Pace {
        Clock::time_point begin;
        std::chrono::seconds stall;
        std::size_t slowest_rate;
        std::int64_t sent = 0;   // since `begin`
        std::int64_t taken = 0;  // of it, when it was looked at last
    };

    UniqueFd fd_;
    Clock::time_point deadline_ = Clock::time_point::max();
    Clock::time_point earlier_ = Clock::time_point::max();
    const std::function<bool()>* pressed_ = nullptr;
    std::optional<Pace> pace_;
    bool timed_out_ = false;
    bool failed_to_send_ = false;
    bool sent_interim_ = false;
    std::array<char, 8192> input_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::string output_;
};

}  // namespace tundish
