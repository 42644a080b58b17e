#pragma once

#include "reader_watch.hpp"
#include "tundish/base/bytes.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/base/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tundish {

/// A FIFO in the file system, made by the constructor and removed by the destructor. Throws ConfigError when something
/// is there already.
class Fifo {
  public:
    explicit Fifo(std::filesystem::path path);
    Fifo(const Fifo&) = delete;
    Fifo& operator=(const Fifo&) = delete;
    ~Fifo();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// The writing end of one pass. Every wait watches for a stop (Stopped, "feeding <what>") and for the end of the
/// readers. One thread.
class FifoWriter {
  public:
    /// `bytes_per_second` 0: as fast as it is read.
    FifoWriter(std::string what, ReaderWatch& watch, std::uint64_t bytes_per_second)
        : what_(std::move(what)), watch_(watch), rate_(bytes_per_second) {}

    /// Waits for a reader. False when none will come: the readers have gone, another channel has failed, or `deadline`
    /// has passed.
    bool open(const Fifo& fifo, std::optional<std::chrono::steady_clock::time_point> deadline);

    /// Writes all bytes. False when the reader has closed the FIFO or another channel has failed.
    bool write(ByteSpan bytes);

    /// True once the open FIFO has no reader any more.
    [[nodiscard]] bool reader_has_gone() const;

    /// The reader sees the end.
    void close() { fd_.reset(); }

    /// Bytes written so far.
    [[nodiscard]] std::uint64_t written() const { return written_; }

    /// Of the open FIFO, or negative.
    [[nodiscard]] int descriptor() const { return fd_.get(); }

  private:
    void check_stop() const;
    /// Sleeps until the rate allows more, and says how many bytes it allows now.
    std::size_t allowed(std::size_t wanted);

    std::string what_;
    ReaderWatch& watch_;
    std::uint64_t rate_;
    UniqueFd fd_;
    Stopwatch since_open_;
    std::uint64_t written_ = 0;
};

}  // namespace tundish
