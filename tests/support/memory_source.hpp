#pragma once

#include "tundish/data/byte_source.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tundish::testing {

/// Parts that lie in memory, given in pieces of at most `piece` bytes (0: all at once).
class MemorySource : public ByteSource {
  public:
    explicit MemorySource(std::vector<std::string> parts, std::size_t piece = 0)
        : parts_(std::move(parts)), piece_(piece) {}

    std::size_t read(std::uint8_t* to, std::size_t size) override {
        const std::string& part = parts_[part_];
        std::size_t count = std::min(size, part.size() - at_);
        if (piece_ > 0) count = std::min(count, piece_);
        if (count > 0) std::memcpy(to, part.data() + at_, count);
        at_ += count;
        return count;
    }
    bool next_part() override {
        if (part_ + 1 == parts_.size()) return false;
        ++part_;
        at_ = 0;
        return true;
    }
    [[nodiscard]] std::string what() const override { return "channel 'train', " + place(); }
    [[nodiscard]] std::string place() const override { return "part-" + std::to_string(part_); }
    [[nodiscard]] std::string advice(Damage damage) const override {
        return damage == Damage::cut_off ? "Upload it again." : "Take it out.";
    }

  private:
    std::vector<std::string> parts_;
    std::size_t piece_;
    std::size_t part_ = 0;
    std::size_t at_ = 0;
};

inline std::unique_ptr<ByteSource> memory_source(std::string bytes, std::size_t piece = 0) {
    return std::make_unique<MemorySource>(std::vector<std::string>{std::move(bytes)}, piece);
}

}  // namespace tundish::testing
