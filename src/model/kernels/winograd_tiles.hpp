// How a batch of maps is cut into tiles, and how tiles are read and written at the edges of a map.
#pragma once

#include "model/kernels/row_range.hpp"
#include "model/kernels/simd_vector.hpp"
#include "model/kernels/winograd_transform.hpp"

#include <cstring>

namespace tundish::TUNDISH_ISA {

// Rounds up to an odd number of cache lines. Columns and frequencies are read and written at such strides; at
// powers of two they would compete for a few sets of the cache.
inline std::int64_t odd_lines(std::int64_t floats) {
    return (divide_up(floats, 16) | 1) * 16;
}

// Maps in NHWC order and the grid of tiles over them; tiles are numbered over the whole batch.
struct TileGrid {
    std::int64_t batch, height, width;
    int tile;  // outputs of one side of a tile

    std::int64_t rows() const { return divide_up(height, tile); }
    std::int64_t columns() const { return divide_up(width, tile); }
    std::int64_t tiles() const { return batch * rows() * columns(); }

    struct Position {
        std::int64_t image, y, x;  // y, x of the tile's first output
    };
    Position position(std::int64_t index) const {
        std::int64_t column = index % columns(), row = index / columns() % rows();
        return {index / columns() / rows(), row * tile, column * tile};
    }
};

// A patch of kSide × kSide pixels, of which those outside the map are 0. Reads in place where it can.
template <int kSide>
class PatchReader {
  public:
    PatchReader(const TileGrid& grid, const float* maps, std::int64_t channels, std::int64_t tile, int margin)
        : channels_(channels), row_stride_(grid.width * channels) {
        auto [image, y, x] = grid.position(tile);
        y -= margin;
        x -= margin;
        first_ = maps + ((image * grid.height + y) * grid.width + x) * channels;
        rows_ = {std::max<std::int64_t>(0, -y), std::min<std::int64_t>(kSide, grid.height - y)};
        columns_ = {std::max<std::int64_t>(0, -x), std::min<std::int64_t>(kSide, grid.width - x)};
        inside_ = rows_.begin == 0 && columns_.begin == 0 && rows_.end == kSide && columns_.end == kSide;
        if (!inside_) std::memset(padded_, 0, sizeof(padded_));
    }

    // The patch of kLanes channels from `channel` on; valid until the next call.
    TileView<const float> channels_from(std::int64_t channel) {
        if (inside_) return {first_ + channel, row_stride_, channels_};
        for (std::int64_t y = rows_.begin; y < rows_.end; ++y) {
            const float* row = first_ + channel + y * row_stride_;
            for (std::int64_t x = columns_.begin; x < columns_.end; ++x) {
                store(padded_[y][x], load(row + x * channels_));
            }
        }
        return {padded_[0][0], kSide * kLanes, kLanes};
    }

  private:
    std::int64_t channels_, row_stride_;
    const float* first_;  // of the patch; may point outside the map
    Range rows_, columns_;
    bool inside_;
    alignas(64) float padded_[kSide][kSide][kLanes];
};

}  // namespace tundish::TUNDISH_ISA
