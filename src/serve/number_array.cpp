#include "number_array.hpp"

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <cmath>

namespace tundish {
namespace {

constexpr float kRounding = 0.5f;

// Bits instead of branches, and pieces of one length, so that the loop becomes vector instructions.
struct Bits {
    unsigned outside = 0;
    unsigned above_zero = 0;
    unsigned above_one = 0;

    void look_at(float value) {
        outside |= static_cast<unsigned>(!(value >= 0.0f)) | static_cast<unsigned>(!(value <= 255.0f));
        above_zero |= static_cast<unsigned>(value > 0.0f);
        above_one |= static_cast<unsigned>(value > 1.0f);
    }
};

Bits look_at(std::span<const float> values) {
    constexpr std::size_t kPiece = 64;
    Bits bits;
    for (; values.size() >= kPiece; values = values.subspan(kPiece)) {
        const float* piece = values.data();
        for (std::size_t i = 0; i < kPiece; ++i) bits.look_at(piece[i]);
    }
    for (const float value : values) bits.look_at(value);
    return bits;
}

std::string place_of(const NumberArray& array, std::size_t index) {
    std::vector<std::size_t> at(array.dims.size());
    for (std::size_t i = 0; i < at.size(); ++i) {
        const std::size_t axis = array.fortran_order ? i : at.size() - 1 - i;
        at[axis] = index % array.dims[axis];
        index /= array.dims[axis];
    }
    if (array.is_table) return text("row ", at.at(0), ", column ", at.at(1));
    std::string out;
    for (const std::size_t i : at) out += text('[', i, ']');
    return out;
}

}  // namespace

PixelRange clamp_to_pixels(std::span<float> values) {
    const Bits bits = look_at(values);
    PixelRange range{std::nullopt, bits.above_zero != 0, bits.above_one != 0};
    for (std::size_t i = 0; bits.outside != 0 && i < values.size(); ++i) {
        if (!(values[i] >= -kRounding && values[i] <= 255.0f + kRounding)) {
            range.bad = i;
            break;
        }
        values[i] = std::clamp(values[i], 0.0f, 255.0f);
    }
    return range;
}

void refuse_value(const NumberArray& array, std::size_t index, double value) {
    const char* advice = value < 0 ? "is the image normalised already? Send raw pixels" : "send raw pixels";
    throw RequestError(
        400, "bad_value",
        text("expected a pixel value of 0..255, found ", std::isnan(value) ? text("NaN") : text(value), "; ", advice))
        .at(place_of(array, index));
}

}  // namespace tundish
