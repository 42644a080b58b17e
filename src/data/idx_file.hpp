#pragma once

#include "tundish/data/byte_source.hpp"
#include "tundish/data/channel_files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tundish {

/// One IDX file of unsigned bytes, plain or gzip: u32 magic 0x000008 and the number of dimensions, u32 for each, all
/// big-endian, then the items one after the other. Throws DataError naming channel, file, item and byte.
class IdxFile {
  public:
    /// Opens `file` of the channel, checks its header and, as far as can be told without reading it, its size.
    /// `dimensions`: 3 for images, 1 for labels.
    IdxFile(const ChannelFiles& files, const std::string& file, unsigned dimensions);

    /// Number of items, and the extents of one: height and width for images, none for labels.
    [[nodiscard]] std::int64_t count() const { return sizes_.front(); }
    [[nodiscard]] std::int64_t height() const { return sizes_.at(1); }
    [[nodiscard]] std::int64_t width() const { return sizes_.at(2); }
    [[nodiscard]] std::size_t item_bytes() const { return item_bytes_; }

    /// Reads the next `items`, of which that many are left. After the last one the file has to end.
    void read(std::uint8_t* to, std::int64_t items);

    /// "channel 'train', train-labels-idx1-ubyte, record 17 (byte 25)", for messages.
    [[nodiscard]] std::string what(std::int64_t item) const;

  private:
    void read_header(unsigned dimensions);
    void check_size(const ChannelFiles& files, const std::string& file) const;
    std::size_t fill(std::uint8_t* to, std::size_t size);
    [[nodiscard]] std::string dimensions_text() const;
    [[nodiscard]] std::uint64_t offset_of(std::int64_t item) const;
    [[noreturn]] void refuse(const std::string& problem) const;

    std::unique_ptr<ByteSource> source_;
    std::vector<std::int64_t> sizes_;
    std::size_t item_bytes_ = 1;
    std::int64_t next_ = 0;
};

}  // namespace tundish
