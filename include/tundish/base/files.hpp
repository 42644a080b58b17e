#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tundish/base/bytes.hpp"

namespace tundish {

/// What the operating system says of the last failed call, with its number: "No space left on device (errno 28)".
std::string system_reason(int error_number);

/// The same, and what to do about it where that is known: a larger volume, root, a writable mount.
std::string reason_and_remedy(int error_number);

/// The same for `path`, which could not be opened: of a link it also says what it points to, if that is not there.
std::string reason_and_remedy(int error_number, const std::filesystem::path& path);

/// The whole file. Throws MachineError naming the path when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// What lies in a folder, in the system's order. `error` is set when the folder cannot be opened, or not read to its
/// end: std::filesystem's own loop ends at a failure as it does at the end, or throws. What was found until then is
/// given too.
std::vector<std::filesystem::directory_entry> folder_entries(const std::filesystem::path& folder,
                                                             std::error_code& error);

/// The same where a folder that is missing or unreadable counts as empty.
std::vector<std::filesystem::directory_entry> folder_entries(const std::filesystem::path& folder);

/// Makes a folder and its parents (mode 755). Throws MachineError naming the path.
void make_folders(const std::filesystem::path& folder);

/// Proves that files can be made in `folder`, which is made if it is missing. Throws MachineError naming the path.
void check_writable(const std::filesystem::path& folder);

/// A file written beside its final name and renamed into place by commit(), so that a reader sees the old content or
/// the new, never half of it. The temporary file lies in the same folder as `<name>.<pid>.sagemaker-ignore`, a suffix
/// that SageMaker's checkpoint upload skips; without commit() the destructor removes it.
/// Not safe for use by several threads at once. Every call throws MachineError naming the path and the system's reason.
class AtomicFile {
  public:
    explicit AtomicFile(std::filesystem::path final_path);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    void write(const void* data, std::size_t size);
    void write(std::string_view data) { write(data.data(), data.size()); }

    /// Brings everything written so far to the disk.
    void sync();

    /// Syncs the file, renames it to its final name and syncs the folder.
    void commit();

  private:
    [[noreturn]] void fail(std::string_view action, int error_number) const;

    std::filesystem::path final_path_;
    std::filesystem::path temporary_path_;
    int fd_ = -1;
};

/// Opens, writes and commits an AtomicFile.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Removes temporary files that an earlier, killed process left in `folder`. Missing folder: nothing to do.
void remove_stale_temporaries(const std::filesystem::path& folder);

}  // namespace tundish
