#include "reader_watch.hpp"

#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <filesystem>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace tundish {
namespace {

namespace fs = std::filesystem;

bool reads(pid_t process, const struct stat& fifo) {
    for (const auto& entry : folder_entries(fs::path("/proc") / std::to_string(process) / "fd")) {
        struct stat target {};
        struct stat link {};
        const bool same =
            ::stat(entry.path().c_str(), &target) == 0 && target.st_ino == fifo.st_ino && target.st_dev == fifo.st_dev;
        // The link's own mode tells how the descriptor was opened.
        if (same && ::lstat(entry.path().c_str(), &link) == 0 && (link.st_mode & S_IRUSR) != 0) return true;
    }
    return false;
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> processes;
    for (const auto& entry : folder_entries("/proc")) {
        const std::string name = entry.path().filename().string();
        if (const auto process = parse_number<pid_t>(name)) processes.push_back(*process);
    }
    return processes;
}

bool has_ended(const UniqueFd& handle) {
    pollfd ended{handle.get(), POLLIN, 0};
    return ::poll(&ended, 1, 0) == 1;
}

}  // namespace

bool ReaderWatch::note_readers_of(int fifo) {
    struct stat status {};
    if (::fstat(fifo, &status) != 0) return false;
    const std::lock_guard lock(mutex_);
    drop_ended();
    const auto known = std::any_of(readers_.begin(), readers_.end(),
                                   [&](const auto& reader) { return reads(reader.process, status); });
    if (known) return true;
    bool found = false;
    for (const pid_t process : all_processes()) {
        if (process == ::getpid() || !reads(process, status)) continue;
        UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
        if (!handle) continue;
        readers_.push_back({process, std::move(handle)});
        alone_since_.reset();
        seen_ = found = true;
    }
    return found;
}

bool ReaderWatch::gone() {
    const std::lock_guard lock(mutex_);
    drop_ended();
    return alone_since_ && std::chrono::steady_clock::now() - *alone_since_ >= patience_;
}

void ReaderWatch::drop_ended() {
    std::erase_if(readers_, [](const auto& reader) { return has_ended(reader.handle); });
    if (seen_ && readers_.empty() && !alone_since_) alone_since_ = std::chrono::steady_clock::now();
}

void ReaderWatch::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
}

bool ReaderWatch::cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
}

}  // namespace tundish
