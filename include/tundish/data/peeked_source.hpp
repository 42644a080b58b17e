#pragma once

#include "tundish/data/byte_source.hpp"
#include "tundish/base/bytes.hpp"

#include <exception>
#include <memory>

namespace tundish {

/// A source whose first bytes were looked at before it is read: read() gives them again.
class PeekedSource : public ByteSource {
  public:
    /// Reads `size` bytes at once, fewer only when the source's first part ends or is damaged before. Throws as
    /// `source` does; DamagedBytes only if they are the first, else read() throws them behind the head.
    PeekedSource(std::unique_ptr<ByteSource> source, std::size_t size);

    /// The bytes looked at.
    [[nodiscard]] ByteSpan head() const { return head_; }

    /// Throws the DamagedBytes that the head ends with, if it does: too little may be left of it to tell anything.
    void check_head() const {
        if (damage_) std::rethrow_exception(damage_);
    }

    std::size_t read(std::uint8_t* to, std::size_t size) override;
    void cancel() noexcept override { source_->cancel(); }
    bool next_part() override;
    [[nodiscard]] std::string what() const override { return source_->what(); }
    [[nodiscard]] std::string place() const override { return source_->place(); }
    [[nodiscard]] std::string advice(Damage damage) const override { return source_->advice(damage); }

  private:
    std::unique_ptr<ByteSource> source_;
    Bytes head_;
    std::size_t given_ = 0;
    std::exception_ptr damage_;  ///< behind the head
};

}  // namespace tundish
