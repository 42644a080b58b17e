#include "tundish/serve/connection.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "express_threads.hpp"

namespace tundish {
namespace {

constexpr std::size_t kOutputBuffer = 65536;

// As a request's head announces it, without regard to what else it says: who is told a wrong length waits for the
// rest.
std::size_t length_of_body(std::string_view head) {
    constexpr std::string_view kName = "\r\ncontent-length:";
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(), same);
    std::size_t length = 0;
    const char* const end = head.data() + head.size();
    const char* at = head.data() + (found - head.begin()) + (found == head.end() ? 0 : kName.size());
    while (at < end && *at == ' ') ++at;
    std::from_chars(at, end, length);
    return length;
}

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
    ExpressThreads::about_to_wait();
    while (true) {
        pollfd waited{fd_.get(), events, 0};
        const int ready = ::poll(&waited, 1, milliseconds_until(next_look(events)));
        if (ready > 0) return true;
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0 && may_wait_on(events)) continue;
        timed_out_ = ready == 0;
        return false;
    }
}

// Pressure may come later: from `earlier_` on it is looked for four times a second.
Connection::Clock::time_point Connection::next_look(short events) const {
    if (events != POLLIN || pressed_ == nullptr) return deadline_;
    return std::min(deadline_, std::max(earlier_, Clock::now() + std::chrono::milliseconds(250)));
}

bool Connection::may_wait_on(short events) {
    if (events == POLLOUT) return renew_deadline();
    const auto now = Clock::now();
    return now < deadline_ && (now < earlier_ || !(*pressed_)());
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
            if (pace_) pace_->sent += sent;
        } else if (errno == EAGAIN) {
            renew_deadline();
            failed_to_send_ = !wait(POLLOUT);
        } else if (errno != EINTR) {
            failed_to_send_ = true;
            timed_out_ = false;
        }
        if (failed_to_send_) return false;
    }
    return true;
}

void Connection::pace_writing(std::chrono::seconds stall, std::size_t slowest_rate) {
    const auto now = Clock::now();
    pace_ = Pace{.begin = now, .stall = stall, .slowest_rate = slowest_rate};
    deadline_ = now + stall;
}

// False when there is no pace, or the client has taken nothing since the last look or too little altogether. send()
// alone does not tell: the kernel takes megabytes at once, and then nothing until a third of them has gone.
bool Connection::renew_deadline() {
    int waiting = 0;  // bytes in the kernel that were not acknowledged
    if (!pace_ || ::ioctl(fd_.get(), SIOCOUTQ, &waiting) != 0 || pace_->sent - waiting <= pace_->taken) return false;
    pace_->taken = pace_->sent - waiting;
    const std::chrono::milliseconds earned(1000 * pace_->taken / static_cast<std::int64_t>(pace_->slowest_rate));
    const auto now = Clock::now();
    deadline_ = std::min(now, pace_->begin + earned) + pace_->stall;
    return deadline_ > now;
}

bool Connection::holds_whole_request() {
    if (!has_input()) {
        const ssize_t got = ::recv(fd_.get(), input_.data(), input_.size(), MSG_DONTWAIT);
        begin_ = 0;
        end_ = got > 0 ? static_cast<std::size_t>(got) : 0;  // the end and errors are met again by whoever reads
    }
    const auto head = buffered().find("\r\n\r\n");
    if (head == std::string_view::npos) return false;
    return end_ - begin_ - head - 4 >= length_of_body(buffered().substr(0, head));
}

bool Connection::wait_for_input(std::chrono::milliseconds longest) {
    if (has_input()) return true;
    pollfd waited{fd_.get(), POLLIN, 0};
    return ::poll(&waited, 1, static_cast<int>(longest.count())) > 0;
}

bool Connection::client_has_gone(std::string_view interim) {
    pollfd looked{fd_.get(), POLLRDHUP, 0};
    if (::poll(&looked, 1, 0) <= 0) return false;
    if ((looked.revents & (POLLERR | POLLHUP)) != 0) return true;
    int waiting = 0;  // what has not been taken yet could leave room for half of it only
    const bool quiet = output_.empty() && ::ioctl(fd_.get(), SIOCOUTQ, &waiting) == 0 && waiting == 0;
    if (interim.empty() || sent_interim_ || !quiet) return false;
    sent_interim_ = true;
    return ::send(fd_.get(), interim.data(), interim.size(), MSG_NOSIGNAL) < 0;
}

void Connection::close_gently(std::chrono::milliseconds longest) {
    ::shutdown(fd_.get(), SHUT_WR);
    begin_ = end_ = 0;
    set_deadline(Clock::now() + longest, Clock::now() + kShortGoodbye);
    constexpr std::size_t kMost = std::size_t{64} << 20;
    for (std::size_t total = 0; total < kMost;) {
        const long got = receive(input_.data(), input_.size());
        if (got <= 0) break;
        total += static_cast<std::size_t>(got);
    }
    fd_.reset();
}

}  // namespace tundish
