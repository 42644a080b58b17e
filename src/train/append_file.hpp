#pragma once

#include <filesystem>
#include <string_view>

#include "tundish/base/unique_fd.hpp"

namespace tundish {

/// A file that grows by whole pieces, so that somebody who follows it sees each epoch at once. Made, with its folder,
/// when missing; what it held stays. One thread. Throws MachineError naming the path and the system's reason.
class AppendFile {
  public:
    explicit AppendFile(std::filesystem::path path);

    /// Hands `piece` to the system before it returns; nothing is kept back in a buffer.
    void append(std::string_view piece);

  private:
    [[noreturn]] void fail(std::string_view action, int error_number) const;

    std::filesystem::path path_;
    UniqueFd fd_;
};

}  // namespace tundish
