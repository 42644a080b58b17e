#pragma once

#include "tundish/base/unique_fd.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <thread>

namespace tundish::testing {

/// Opens a FIFO for reading as soon as somebody has made it; waits for a writer, and at most ten seconds for the file.
inline UniqueFd open_fifo(const std::filesystem::path& path) {
    for (int i = 0; i < 10'000 && !std::filesystem::exists(path); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// Reads to the end, or `limit` bytes.
inline std::string read_fd(const UniqueFd& fd, std::size_t limit = std::string::npos) {
    std::string content;
    char chunk[4096];
    while (content.size() < limit) {
        const ssize_t got = ::read(fd.get(), chunk, std::min(sizeof chunk, limit - content.size()));
        if (got <= 0) break;
        content.append(chunk, static_cast<std::size_t>(got));
    }
    return content;
}

/// One pass from its beginning to its end.
inline std::string read_fifo(const std::filesystem::path& path) {
    return read_fd(open_fifo(path));
}

}  // namespace tundish::testing
