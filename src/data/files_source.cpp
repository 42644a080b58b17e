#include "tundish/data/files_source.hpp"

#include "open_to_read.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tundish {
namespace {

constexpr std::int64_t kReadAhead = 8 << 20;  // a few of the requests that FastFile and network disks like

}  // namespace

FilesSource::FilesSource(ChannelSpec channel, std::vector<std::string> files)
    : channel_(std::move(channel)), files_(std::move(files)), ended_(files_.empty()) {}

std::size_t FilesSource::read(std::uint8_t* to, std::size_t size) {
    if (ended_) return 0;
    if (!fd_) open();
    while (true) {
        if (stop_requested()) throw Stopped(text("reading ", what()));
        read_ahead();
        const ssize_t got = ::read(fd_.get(), to, size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw MachineError(text(what(), ": cannot read from byte ", offset_, ": ", system_reason(errno)));
        offset_ += got;
        if (got == 0) {
            ended_ = true;
            fd_.reset();
        }
        return static_cast<std::size_t>(got);
    }
}

void FilesSource::open() {
    const auto path = channel_.path / files_[file_];
    fd_ = open_to_read(path, what());
    struct stat status {};
    if (!fd_ || ::fstat(fd_.get(), &status) != 0) {
        throw DataError(text(what(), ": cannot read ", path.string(), ": ", reason_and_remedy(errno, path)));
    }
    if (!S_ISREG(status.st_mode)) {
        throw DataError(text(what(), ": ", path.string(), " is not a regular file",
                             S_ISFIFO(status.st_mode) ? "; set the channel's input mode to Pipe." : "."));
    }
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

// The next stretch is asked for when half of the last one is read, so that the disk is never idle.
void FilesSource::read_ahead() {
    if (offset_ + kReadAhead / 2 < asked_) return;
    ::posix_fadvise(fd_.get(), asked_, kReadAhead, POSIX_FADV_WILLNEED);
    asked_ += kReadAhead;
}

bool FilesSource::next_part() {
    if (file_ + 1 >= files_.size()) return false;
    ++file_;
    fd_.reset();
    ended_ = false;
    offset_ = asked_ = 0;
    return true;
}

std::string FilesSource::place() const {
    return files_.empty() ? "no file" : files_[file_];
}

std::string FilesSource::what() const {
    return text(name_of(channel_), ", ", place());
}

std::string FilesSource::advice(Damage damage) const {
    if (damage == Damage::cut_off)
        return text("The file is cut off: ", channel_.name.empty() ? "copy" : "upload", " it again.");
    return channel_.name.empty() ? "Copy the file again, or take it out of the folder if it is other data."
                                 : "Upload the file again, or take it out of the channel if it is other data.";
}

}  // namespace tundish
