#pragma once

#include "tundish/data/wrapped_reader.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace tundish {

/// Another reader's records in a random order, as far as a window of undecoded bytes allows: each record given is a
/// random one of those in the window. The same key gives the same order. With a window that holds all, the order is a
/// uniform one. One thread, but for load() and cancel().
class ShuffledReader : public WrappedReader {
  public:
    /// `window_bytes` 0: the reader's own order. Records whose bytes load() fetches later count with their names only.
    ShuffledReader(std::unique_ptr<RecordReader> reader, std::int64_t window_bytes, std::uint64_t key);

    std::optional<Record> next() override;
    std::optional<Record> next_unloaded() override;

  private:
    void fill();

    std::int64_t window_bytes_;
    std::uint64_t key_;
    std::vector<Record> window_;
    std::int64_t bytes_ = 0;
    std::uint64_t given_ = 0;
    bool ended_ = false;
};

}  // namespace tundish
