#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace tundish::testing {

/// The platform's side of a FIFO: a thread that opens it for writing once a reader is there, and writes as `script`
/// says. Ends early when the reader goes away or at the end of its life.
class FifoWriter {
  public:
    using Script = std::function<void(FifoWriter&)>;

    FifoWriter(std::filesystem::path path, Script script) : path_(std::move(path)), script_(std::move(script)) {
        std::signal(SIGPIPE, SIG_IGN);
        thread_ = std::jthread([this] { run(); });
    }

    /// Writes all of it, `piece` bytes a time (0: in one call).
    void write(std::string_view bytes, std::size_t piece = 0) {
        while (!bytes.empty() && !done_) {
            const auto now = piece == 0 ? bytes : bytes.substr(0, piece);
            const ssize_t put = ::write(fd_, now.data(), now.size());
            if (put < 0 && errno == EAGAIN) {
                pause(std::chrono::milliseconds(1));
            } else if (put < 0) {
                return;
            } else {
                bytes.remove_prefix(static_cast<std::size_t>(put));
            }
        }
    }

    void pause(std::chrono::milliseconds time) const {
        const auto end = std::chrono::steady_clock::now() + time;
        while (!done_ && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(5)));
        }
    }

    /// True when the test has ended: a script that writes for ever looks at it.
    [[nodiscard]] bool done() const { return done_; }

    ~FifoWriter() { done_ = true; }

  private:
    void run() {
        while (!done_ && (fd_ = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
            pause(std::chrono::milliseconds(2));
        }
        if (fd_ < 0) return;
        script_(*this);
        ::close(fd_);
    }

    std::filesystem::path path_;
    Script script_;
    int fd_ = -1;
    std::atomic<bool> done_{false};
    std::jthread thread_;
};

inline void make_fifo(const std::filesystem::path& path) {
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed for " + path.string());
}

}  // namespace tundish::testing
