#include "tundish/serve/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tundish {
namespace {

constexpr std::size_t kOutputBuffer = 65536;

int milliseconds_until(Connection::Clock::time_point deadline) {
    using std::chrono::milliseconds;
    if (deadline == Connection::Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<milliseconds>(deadline - Connection::Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

}  // namespace

long Connection::read(char* to, std::size_t size) {
    if (!has_input()) {
        if (size >= input_.size()) return receive(to, size);
        const long got = receive(input_.data(), input_.size());
        if (got <= 0) return got;
        begin_ = 0;
        end_ = static_cast<std::size_t>(got);
    }
    const std::size_t taken = std::min(size, end_ - begin_);
    std::memcpy(to, input_.data() + begin_, taken);
    begin_ += taken;
    return static_cast<long>(taken);
}

long Connection::receive(char* to, std::size_t size) {
    while (true) {
        const ssize_t got = ::recv(fd_.get(), to, size, 0);
        if (got >= 0) return got;
        if (errno == EINTR) continue;
        if (errno != EAGAIN || !wait(POLLIN)) return -1;
    }
}

// At the deadline too: what is here already may be read, but nothing is waited for.
bool Connection::wait(short events) {
    while (true) {
        pollfd waited{fd_.get(), events, 0};
        const int ready = ::poll(&waited, 1, milliseconds_until(deadline_));
        if (ready > 0) return true;
        if (ready < 0 && errno == EINTR) continue;
        timed_out_ = ready == 0;
        return false;
    }
}

bool Connection::write(std::string_view bytes) {
    if (output_.size() + bytes.size() > kOutputBuffer && !flush()) return false;
    if (bytes.size() > kOutputBuffer) return send_all(bytes);
    output_.append(bytes);
    return true;
}

bool Connection::flush() {
    const bool sent = send_all(output_);
    output_.clear();
    return sent;
}

bool Connection::send_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EINTR && (errno != EAGAIN || !wait(POLLOUT))) {
            return false;
        }
    }
    return true;
}

bool Connection::holds_whole_get() const {
    std::array<char, 4096> start;
    const ssize_t got = ::recv(fd_.get(), start.data(), start.size(), MSG_PEEK | MSG_DONTWAIT);
    const std::string_view text(start.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return text.starts_with("GET ") && text.find("\r\n\r\n") != std::string_view::npos;
}

bool Connection::wait_for_input(std::chrono::milliseconds longest) {
    if (has_input()) return true;
    pollfd waited{fd_.get(), POLLIN, 0};
    return ::poll(&waited, 1, static_cast<int>(longest.count())) > 0;
}

void Connection::close_gently() {
    ::shutdown(fd_.get(), SHUT_WR);
    begin_ = end_ = 0;
    set_deadline(Clock::now() + std::chrono::seconds(2));
    constexpr std::size_t kMost = std::size_t{64} << 20;
    for (std::size_t total = 0; total < kMost;) {
        const long got = receive(input_.data(), input_.size());
        if (got <= 0) break;
        total += static_cast<std::size_t>(got);
    }
    fd_.reset();
}

}  // namespace tundish
