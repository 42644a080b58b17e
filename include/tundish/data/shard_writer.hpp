#pragma once

#include "tundish/base/files.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// Writes records one after the other into the files part-00000<extension>, part-00001<extension>, … of a folder, each
/// written aside and renamed when it is whole. Either all files are there at the end or none: without finish() the
/// destructor removes those that this writer made. One thread.
class ShardWriter {
  public:
    /// Makes the folder. A file takes records until `shard_bytes` would be passed; 0: one file takes all. Throws
    /// ConfigError when the folder holds anything already, MachineError when it cannot be made.
    ShardWriter(std::filesystem::path folder, std::string extension, std::uint64_t shard_bytes);
    ShardWriter(const ShardWriter&) = delete;
    ShardWriter& operator=(const ShardWriter&) = delete;
    ~ShardWriter();

    /// Never splits a record. Throws MachineError, as AtomicFile does.
    void write(std::string_view record);

    /// Brings the last file to its name. Nothing may be written after it.
    void finish();

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t shards() const { return shards_.size(); }

  private:
    void start_shard();
    void flush();
    void end_shard();

    std::filesystem::path folder_;
    std::string extension_;
    std::uint64_t limit_;
    bool made_folder_ = false;
    bool finished_ = false;
    std::vector<std::filesystem::path> shards_;  ///< the last one may still be written aside
    std::unique_ptr<AtomicFile> file_;
    std::string buffer_;
    std::uint64_t in_shard_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace tundish
