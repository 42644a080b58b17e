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
    template <typename Number>
    [[nodiscard]] Number at(std::size_t place) const {
        return big_ ? load_be<Number>(&bytes_[place]) : load_le<Number>(&bytes_[place]);
    }

  private:
    ByteSpan bytes_;
    bool big_;
};

}  // namespace

int exif_orientation(ByteSpan tiff) {
    const TiffNumbers in(tiff);
    if (!in.holds(0, 8) || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M') || in.at<std::uint16_t>(2) != 42)
        return 1;
    const std::size_t directory = in.at<std::uint32_t>(4);
    if (!in.holds(directory, 2)) return 1;
    const std::uint32_t entries = in.at<std::uint16_t>(directory);
    for (std::uint32_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + std::size_t{12} * i;
        if (!in.holds(entry, 12)) return 1;
        if (in.at<std::uint16_t>(entry) != kOrientationTag || in.at<std::uint16_t>(entry + 2) != kShort) continue;
        const std::uint32_t value = in.at<std::uint16_t>(entry + 8);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace tundish
