#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace tundish {

/// A file read once from its beginning, in large pieces. `what` begins the messages ("channel 'train',
/// data_batch_1.bin"). Throws DataError when the file cannot be opened, MachineError when a read fails. One
/// thread.
class SequentialFile {
  public:
    SequentialFile(const std::filesystem::path& path, std::string what);

    /// Bytes in the file when it was opened.
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Passes over `size` bytes from here.
    void skip(std::uint64_t size);

    /// Reads `size` bytes, fewer only at the end of the file. Returns how many.
    std::size_t read(std::uint8_t* to, std::size_t size);

  private:
    std::string what_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;
};

/// The whole file, with SequentialFile's errors.
Bytes read_whole(const std::filesystem::path& path, const std::string& what);

}  // namespace tundish
