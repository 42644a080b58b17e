#include "tundish/base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/base/unique_fd.hpp"

namespace tundish {
namespace {

constexpr std::string_view kTemporarySuffix = ".sagemaker-ignore";

void sync_folder(const std::filesystem::path& folder) {
    // Some network file systems refuse to sync a folder; the rename itself has happened by then.
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) ::fsync(fd.get());
}

}  // namespace

std::string system_reason(int error_number) {
    return text(std::generic_category().message(error_number), " (errno ", error_number, ")");
}

std::string reason_and_remedy(int error_number) {
    const std::string reason = system_reason(error_number);
    switch (error_number) {
        case ENOSPC:
        case EDQUOT:
            return reason + ". Give the job a larger volume.";
        case EROFS:
            return reason + ". Mount it writable.";
        case EACCES:
        case EPERM:
            return text(reason, "; running as uid ", ::geteuid(),
                        ::geteuid() == 0 ? ", which lacks the right here. Change the file's owner or mode."
                                         : ". Run the container as root.");
        default:
            return reason;
    }
}

std::string reason_and_remedy(int error_number, const std::filesystem::path& path) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path, error);
    if (error || std::filesystem::exists(path, error)) return reason_and_remedy(error_number);
    return text(system_reason(error_number), ". It is a link to ", target.string(),
                ", which is not there: mend the link, or put a copy in its place.");
}

std::string read_file(const std::filesystem::path& path) {
    const auto fail = [&](int error_number) {
        throw MachineError(text("cannot read ", path.string(), ": ", reason_and_remedy(error_number, path)));
    };
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) fail(errno);
    std::string content;
    char chunk[1 << 16];
    while (true) {
        const ssize_t got = ::read(fd.get(), chunk, sizeof chunk);
        if (got == 0) return content;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(errno);
        content.append(chunk, static_cast<std::size_t>(got));
    }
}

void make_folders(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw MachineError(text("cannot make the folder ", folder.string(), ": ", reason_and_remedy(error.value())));
}

void check_writable(const std::filesystem::path& folder) {
    make_folders(folder);
    AtomicFile(folder / "probe").write("?");
}

AtomicFile::AtomicFile(std::filesystem::path final_path) : final_path_(std::move(final_path)) {
    temporary_path_ = final_path_;
    temporary_path_ += text('.', ::getpid(), kTemporarySuffix);
    fd_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) fail("create", errno);
}

AtomicFile::~AtomicFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(const void* data, std::size_t size) {
    const auto* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t put = ::write(fd_, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail("write", errno);
        at += put;
        size -= static_cast<std::size_t>(put);
    }
}

void AtomicFile::sync() {
    if (::fsync(fd_) != 0) fail("sync", errno);
}

void AtomicFile::commit() {
    sync();
    if (::rename(temporary_path_.c_str(), final_path_.c_str()) != 0) fail("rename", errno);
    ::close(fd_);
    fd_ = -1;
    sync_folder(final_path_.parent_path().empty() ? "." : final_path_.parent_path());
}

void AtomicFile::fail(std::string_view action, int error_number) const {
    throw MachineError(text("cannot ", action, ' ', final_path_.string(), ": ", reason_and_remedy(error_number)));
}

std::vector<std::filesystem::directory_entry> folder_entries(const std::filesystem::path& folder,
                                                             std::error_code& error) {
    std::vector<std::filesystem::directory_entry> found;
    std::filesystem::directory_iterator entries(folder, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        found.push_back(*entries);
    }
    return found;
}

std::vector<std::filesystem::directory_entry> folder_entries(const std::filesystem::path& folder) {
    std::error_code ignored;
    return folder_entries(folder, ignored);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
    AtomicFile file(path);
    file.write(content);
    file.commit();
}

void remove_stale_temporaries(const std::filesystem::path& folder) {
    for (const auto& entry : folder_entries(folder)) {
        std::error_code ignored;
        if (entry.path().extension() == kTemporarySuffix) std::filesystem::remove(entry.path(), ignored);
    }
}

}  // namespace tundish
