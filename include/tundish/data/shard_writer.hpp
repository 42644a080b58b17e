#pragma once

#include "tundish/base/files.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace tundish {

/// Writes records one after the other into the files part-00000<extension>, part-00001<extension>, … of a folder. They
/// are written into <folder>.<pid>.sagemaker-ignore, which finish() renames: a process that is killed before leaves no
/// file under a final name. Without finish() the destructor removes it, and the next writer to the same folder what a
/// killed process left. An empty folder that is there already (it may be a mount) is not replaced: that folder then
/// lies in it, and finish() renames file after file. One thread.
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

    /// Brings all files to their names. Nothing may be written after it. Throws MachineError.
    void finish();

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t shards() const { return shards_; }

  private:
    void start_shard();
    void flush();
    void end_shard();

    std::filesystem::path folder_;
    std::string extension_;
    std::uint64_t limit_;
    std::filesystem::path aside_;
    bool into_existing_ = false;
    bool finished_ = false;
    std::size_t shards_ = 0;
    std::unique_ptr<AtomicFile> file_;
    std::string buffer_;
    std::uint64_t in_shard_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace tundish
