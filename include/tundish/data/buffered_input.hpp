#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/data/byte_source.hpp"

#include <cstdint>
#include <memory>

namespace tundish {

/// A window over a ByteSource: large reads below, records of any size above, and no copy of those that lie wholly in
/// the window. The spans it gives are valid until the next peek() or next_part(). One
/// thread, but for cancel().
class BufferedInput {
  public:
    static constexpr std::size_t kWindow = 1 << 20;

    /// `window`: the largest read, once the source has shown that it fills smaller ones.
    explicit BufferedInput(std::unique_ptr<ByteSource> source, std::size_t window = kWindow);

    /// The next `size` bytes of the part; fewer only when it ends before. Blocks until they are there. The window
    /// grows for a `size` above its own, but only as bytes arrive: a stream that claims much and brings little costs
    /// little. The caller has checked `size` against its own limit. Throws as ByteSource::read() does.
    ByteSpan peek(std::size_t size) {
        if (end_ - begin_ < size) fill(size);
        return {buffer_.data() + begin_, end_ - begin_ < size ? end_ - begin_ : size};
    }

    /// Passes over bytes that peek() has shown.
    void consume(std::size_t size) { begin_ += size; }

    /// Of the next byte, from the beginning of the part (for compressed data: of what it inflates to).
    [[nodiscard]] std::uint64_t offset() const { return base_ + begin_; }

    /// Leaves the part, wherever it stands, for the next one; false when there is none.
    bool next_part();

    /// As ByteSource::cancel(), for peek().
    void cancel() noexcept { source_->cancel(); }

    [[nodiscard]] const ByteSource& source() const { return *source_; }

  private:
    void fill(std::size_t size);

    std::unique_ptr<ByteSource> source_;
    std::size_t window_;
    Bytes buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t base_ = 0;  ///< offset in the part of the buffer's first byte
    bool ended_ = false;
};

}  // namespace tundish
