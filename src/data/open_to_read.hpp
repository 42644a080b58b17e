#pragma once

#include "tundish/base/unique_fd.hpp"

#include <filesystem>
#include <string>

namespace tundish {

/// Opens a file for reading; empty, with errno, when that fails. A FIFO that lies there does not block, and a disk that
/// is interrupted (FUSE) is asked again. Throws Stopped("reading <what>"). Any thread.
UniqueFd open_to_read(const std::filesystem::path& path, const std::string& what);

}  // namespace tundish
