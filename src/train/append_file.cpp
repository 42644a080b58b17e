#include "append_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {

AppendFile::AppendFile(std::filesystem::path path) : path_(std::move(path)) {
    if (path_.has_parent_path()) make_folders(path_.parent_path());
    fd_ = UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd_) fail("open", errno);
}

void AppendFile::append(std::string_view piece) {
    while (!piece.empty()) {
        const ssize_t put = ::write(fd_.get(), piece.data(), piece.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail("write to", errno);
        piece.remove_prefix(static_cast<std::size_t>(put));
    }
}

void AppendFile::fail(std::string_view action, int error_number) const {
    throw MachineError(text("cannot ", action, ' ', path_.string(), ": ", system_reason(error_number),
                            error_number == ENOSPC ? ". Give the job a larger volume." : ""));
}

}  // namespace tundish
