#include "area_shrink.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <vector>

namespace tundish {
namespace {

/// Which pixels of an axis make each new one, and how much each counts. All have as many, some with weight 0.
class Taps {
  public:
    Taps(int from, int to) : first_(static_cast<std::size_t>(to)) {
        const double scale = static_cast<double>(from) / to;
        count_ = static_cast<std::size_t>(std::min(from, static_cast<int>(std::ceil(scale)) + 1));
        weights_.resize(first_.size() * count_);
        for (std::size_t i = 0; i < first_.size(); ++i) {
            const double begin = static_cast<double>(i) * scale;
            const double end = begin + scale;
            const auto last_start = static_cast<std::size_t>(from) - count_;
            first_[i] = std::min(static_cast<std::size_t>(begin), last_start);
            for (std::size_t k = 0; k < count_; ++k) {
                const auto pixel = static_cast<double>(first_[i] + k);
                const double covered = std::min(end, pixel + 1) - std::max(begin, pixel);
                weights_[i * count_ + k] = static_cast<float>(std::max(covered, 0.0) / scale);
            }
        }
    }

    [[nodiscard]] std::size_t first(std::size_t i) const { return first_[i]; }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] const float* weights(std::size_t i) const { return &weights_[i * count_]; }

  private:
    std::vector<std::size_t> first_;
    std::size_t count_ = 0;
    std::vector<float> weights_;
};

void add_row(std::vector<float>& sums, const std::uint8_t* row, float weight) {
    for (std::size_t x = 0; x < sums.size(); ++x) sums[x] += weight * static_cast<float>(row[x]);
}

// Of 0 to 255, halves to even as OpenCV has it: the addition leaves no bits for fractions.
std::uint8_t nearest(float value) {
    constexpr float kNoFractions = 12'582'912.0F;  // 1.5 * 2^23
    return static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(value + kNoFractions));
}

template <std::size_t fixed>
void shrink_row(const std::vector<float>& sums, const Taps& across, std::uint8_t* to, std::size_t columns) {
    const std::size_t count = fixed > 0 ? fixed : across.count();
    for (std::size_t x = 0; x < columns; ++x) {
        const float* from = &sums[across.first(x)];
        const float* weights = across.weights(x);
        float mean = 0;
        for (std::size_t k = 0; k < count; ++k) mean += weights[k] * from[k];
        to[x] = nearest(mean);
    }
}

}  // namespace

void shrink_area(const std::uint8_t* from, PlaneSize size, std::uint8_t* to, PlaneSize to_size, int planes) {
    const Taps down(size.rows, to_size.rows);
    const Taps across(size.columns, to_size.columns);
    const auto columns = static_cast<std::size_t>(size.columns);
    const auto to_columns = static_cast<std::size_t>(to_size.columns);
    const auto shrink = across.count() == 3 ? shrink_row<3> : shrink_row<0>;  // 3: to between half and all of the size
    std::vector<float> sums(columns);
    for (int plane = 0; plane < planes; ++plane) {
        for (std::size_t y = 0; y < static_cast<std::size_t>(to_size.rows); ++y) {
            std::fill(sums.begin(), sums.end(), 0.0F);
            const std::uint8_t* row = from + down.first(y) * columns;
            for (std::size_t k = 0; k < down.count(); ++k, row += columns) {
                if (down.weights(y)[k] > 0) add_row(sums, row, down.weights(y)[k]);
            }
            shrink(sums, across, to, to_columns);
            to += to_columns;
        }
        from += columns * static_cast<std::size_t>(size.rows);
    }
}

}  // namespace tundish
