#include "exif.hpp"

namespace tundish {
namespace {

constexpr unsigned kOrientationTag = 0x0112;
constexpr unsigned kShort = 3;

// Numbers of a TIFF block in the byte order that its first two bytes name.
class TiffNumbers {
  public:
    explicit TiffNumbers(ByteSpan bytes) : bytes_(bytes), big_(bytes.size() >= 2 && bytes[0] == 'M') {}

    [[nodiscard]] bool holds(std::size_t at, std::size_t size) const {
        return at <= bytes_.size() && size <= bytes_.size() - at;
    }
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8U | bytes_[at + (big_ ? i : size - 1 - i)];
        return value;
    }

  private:
    ByteSpan bytes_;
    bool big_;
};

}  // namespace

int exif_orientation(ByteSpan tiff) {
    const TiffNumbers in(tiff);
    if (!in.holds(0, 8) || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M') || in.number(2, 2) != 42) return 1;
    const std::size_t directory = in.number(4, 4);
    if (!in.holds(directory, 2)) return 1;
    const std::uint32_t entries = in.number(directory, 2);
    for (std::uint32_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + std::size_t{12} * i;
        if (!in.holds(entry, 12)) return 1;
        if (in.number(entry, 2) != kOrientationTag || in.number(entry + 2, 2) != kShort) continue;
        const std::uint32_t value = in.number(entry + 8, 2);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace tundish
