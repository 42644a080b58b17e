#include "fifo_writer.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <utility>

namespace tundish {
namespace {

using namespace std::chrono_literals;

constexpr auto kShortWait = 1ms;  // between two looks for a reader, at first
constexpr auto kLongWait = 50ms;  // and when it takes long
constexpr int kPollMilliseconds = 200;
constexpr std::uint64_t kPiecesPerSecond = 20;  // of a slowed stream

}  // namespace

Fifo::Fifo(std::filesystem::path path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0644) == 0) return;
    if (errno == EEXIST) {
        throw ConfigError(text(path_.string(),
                               " exists already: another feed is running, or one was killed. End it, or "
                               "remove the file."));
    }
    throw MachineError(text("cannot make the FIFO ", path_.string(), ": ", system_reason(errno)));
}

Fifo::~Fifo() {
    ::unlink(path_.c_str());
}

void FifoWriter::check_stop() const {
    if (stop_requested()) throw Stopped(text("feeding ", what_));
}

bool FifoWriter::open(const Fifo& fifo, std::optional<std::chrono::steady_clock::time_point> deadline) {
    // Opening a FIFO for writing fails until it is open for reading, and nothing reports that moment to poll().
    for (auto wait = kShortWait;; wait = std::min<std::chrono::milliseconds>(wait * 2, kLongWait)) {
        check_stop();
        fd_ = UniqueFd(::open(fifo.path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        if (fd_) break;
        if (errno != ENXIO && errno != EINTR) {
            throw MachineError(text("cannot open ", fifo.path().string(), ": ", system_reason(errno)));
        }
        if (watch_.cancelled() || watch_.gone()) return false;
        if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
        sleep_unless_stopped(wait);
    }
    since_open_.restart();
    return true;
}

std::size_t FifoWriter::allowed(std::size_t wanted) {
    if (rate_ == 0) return wanted;
    const double due = static_cast<double>(written_) / static_cast<double>(rate_);
    for (double left = due - since_open_.seconds(); left > 0; left = due - since_open_.seconds()) {
        sleep_unless_stopped(std::chrono::milliseconds(static_cast<int>(std::clamp(left * 1000, 1.0, 200.0))));
        check_stop();
        if (watch_.cancelled()) return wanted;
    }
    return std::min<std::size_t>(wanted, std::max<std::uint64_t>(rate_ / kPiecesPerSecond, 1));
}

bool FifoWriter::reader_has_gone() const {
    pollfd waited{fd_.get(), 0, 0};
    return ::poll(&waited, 1, 0) > 0 && (waited.revents & POLLERR) != 0;
}

bool FifoWriter::write(ByteSpan bytes) {
    while (!bytes.empty()) {
        check_stop();
        const ssize_t put = ::write(fd_.get(), bytes.data(), allowed(bytes.size()));
        if (put > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(put));
            written_ += static_cast<std::uint64_t>(put);
        } else if (errno == EPIPE) {
            return false;
        } else if (errno == EAGAIN) {
            pollfd waits[] = {{fd_.get(), POLLOUT, 0}, {stop_fd(), POLLIN, 0}};
            ::poll(waits, 2, kPollMilliseconds);
            if (watch_.cancelled()) return false;
        } else if (errno != EINTR) {
            throw MachineError(text("cannot write to the FIFO of ", what_, ": ", system_reason(errno)));
        }
    }
    return true;
}

}  // namespace tundish
