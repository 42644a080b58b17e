#pragma once

#include "tundish/base/unique_fd.hpp"
#include "tundish/data/byte_source.hpp"
#include "tundish/data/channel_files.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tundish {

/// Files of a File or FastFile channel, one after the other, each a part. A file is opened when it is reached and
/// closed at its end; the kernel is asked to read ahead, which is what a FastFile mount needs to be fast.
class FilesSource : public ByteSource {
  public:
    /// `files` are relative to the channel's folder. Without any, the one part is empty.
    FilesSource(ChannelSpec channel, std::vector<std::string> files);

    /// Throws DataError when the file cannot be opened, MachineError when reading fails.
    std::size_t read(std::uint8_t* to, std::size_t size) override;
    bool next_part() override;
    [[nodiscard]] std::string what() const override;
    [[nodiscard]] std::string place() const override;
    [[nodiscard]] std::string advice(Damage damage) const override;

  private:
    void open();
    void read_ahead();

    ChannelSpec channel_;
    std::vector<std::string> files_;
    std::size_t file_ = 0;
    UniqueFd fd_;
    bool ended_ = false;
    std::int64_t offset_ = 0;
    std::int64_t asked_ = 0;  ///< the kernel was asked to read up to here
};

}  // namespace tundish
