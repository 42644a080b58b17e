#include "number_array.hpp"

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <cmath>

namespace tundish {
namespace {

constexpr float kRounding = 0.5f;

// The branches of these loops are bits, so that they become vector instructions.
bool all_within(std::span<const float> values, float low, float high) {
    unsigned outside = 0;
    for (const float value : values) outside |= static_cast<unsigned>(!(value >= low && value <= high));
    return outside == 0;
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

std::optional<std::size_t> clamp_to_pixels(std::span<float> values) {
    if (all_within(values, 0.0f, 255.0f)) return std::nullopt;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!(values[i] >= -kRounding && values[i] <= 255.0f + kRounding)) return i;
        values[i] = std::clamp(values[i], 0.0f, 255.0f);
    }
    return std::nullopt;
}

void refuse_value(const NumberArray& array, std::size_t index, double value) {
    const char* advice = value < 0 ? "is the image normalised already? Send raw pixels" : "send raw pixels";
    throw RequestError(400, "bad_value",
                       text(place_of(array, index), ": expected a pixel value of 0..255, found ",
                            std::isnan(value) ? text("NaN") : text(value), "; ", advice));
}

}  // namespace tundish
