#include "sequential_file.hpp"

#include "open_to_read.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tundish {

SequentialFile::SequentialFile(const std::filesystem::path& path, std::string what)
    : what_(std::move(what)), fd_(open_to_read(path, what_)) {
    struct stat status {};
    if (!fd_ || ::fstat(fd_.get(), &status) != 0) {
        throw DataError(text(what_, ": cannot read ", path.string(), ": ", reason_and_remedy(errno, path)));
    }
    if (!S_ISREG(status.st_mode)) throw DataError(text(what_, ": ", path.string(), " is not a regular file"));
    size_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

void SequentialFile::skip(std::uint64_t size) {
    if (::lseek(fd_.get(), static_cast<off_t>(size), SEEK_CUR) < 0)
        throw MachineError(text(what_, ": cannot move in it: ", system_reason(errno)));
}

std::size_t SequentialFile::read(std::uint8_t* to, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::read(fd_.get(), to + done, size - done);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw MachineError(text(what_, ": cannot read: ", system_reason(errno)));
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Bytes read_whole(const std::filesystem::path& path, const std::string& what) {
    SequentialFile file(path, what);
    Bytes content(file.size());
    content.resize(file.read(content.data(), content.size()));
    return content;
}

}  // namespace tundish
