#include "npy_values.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace tundish {
namespace {

struct Half {
    std::uint16_t bits;

    // 1 bit sign, 5 bits exponent, 10 bits fraction.
    explicit operator float() const {
        const auto sign = std::uint32_t{bits} >> 15U << 31U;
        const std::uint32_t exponent = bits >> 10U & 31U;
        const std::uint32_t fraction = bits & 1023U;
        if (exponent == 0) {  // zero and the smallest, without a leading 1
            const float value = std::ldexp(static_cast<float>(fraction), -24);
            return sign != 0 ? -value : value;
        }
        const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
        return std::bit_cast<float>(sign | wide << 23U | fraction << 13U);
    }
};

template <typename Number, bool kSwap>
Number load(const std::uint8_t* at) {
    std::array<std::uint8_t, sizeof(Number)> bytes;
    std::memcpy(bytes.data(), at, sizeof(Number));
    if constexpr (kSwap) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<Number>(bytes);
}

template <typename Number, bool kSwap>
void read_floats(NumberArray& array, ByteSpan data) {
    std::vector<float> out(data.size() / sizeof(Number));
    const std::uint8_t* from = data.data();
    if constexpr (std::is_same_v<Number, float> && !kSwap) {
        if (!out.empty()) std::memcpy(out.data(), from, data.size());
        array.values = std::move(out);
        return;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<float>(load<Number, kSwap>(from + i * sizeof(Number)));
    }
    array.values = std::move(out);
}

template <typename Number, bool kSwap>
void read_integers(NumberArray& array, ByteSpan data) {
    Bytes out(data.size() / sizeof(Number));
    const std::uint8_t* from = data.data();
    unsigned outside = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const Number value = load<Number, kSwap>(from + i * sizeof(Number));
        out[i] = static_cast<std::uint8_t>(value);
        outside |= static_cast<unsigned>(static_cast<Number>(out[i]) != value);
    }
    for (std::size_t i = 0; outside != 0 && i < out.size(); ++i) {
        const Number value = load<Number, kSwap>(from + i * sizeof(Number));
        if (static_cast<Number>(out[i]) != value || value < 0) refuse_value(array, i, static_cast<double>(value));
    }
    array.values = std::move(out);
}

// A signed byte of -1 is 255 again when it comes back from uint8, so it is looked at as a wider number.
void read_signed_bytes(NumberArray& array, ByteSpan data) {
    for (std::size_t i = 0; i < data.size(); ++i) {
        if (data[i] > 127) refuse_value(array, i, static_cast<std::int8_t>(data[i]));
    }
    array.values = data;
}

template <bool kSwap>
void read_values(NumberArray& array, const NpyType& type, ByteSpan data) {
    const bool is_signed = type.kind == NpyType::Kind::signed_integer;
    if (type.kind == NpyType::Kind::floating) {
        if (type.bytes == 2) return read_floats<Half, kSwap>(array, data);
        if (type.bytes == 4) return read_floats<float, kSwap>(array, data);
        return read_floats<double, kSwap>(array, data);
    }
    switch (type.bytes) {
        case 2:
            return is_signed ? read_integers<std::int16_t, kSwap>(array, data)
                             : read_integers<std::uint16_t, kSwap>(array, data);
        case 4:
            return is_signed ? read_integers<std::int32_t, kSwap>(array, data)
                             : read_integers<std::uint32_t, kSwap>(array, data);
        case 8:
            return is_signed ? read_integers<std::int64_t, kSwap>(array, data)
                             : read_integers<std::uint64_t, kSwap>(array, data);
        default:
            if (is_signed) return read_signed_bytes(array, data);
            array.values = data;
    }
}

}  // namespace

NumberArray to_numbers(const NpyArray& file) {
    NumberArray array{file.shape, file.fortran_order, {}};
    if (file.type.big_endian) {
        read_values<true>(array, file.type, file.data);
    } else {
        read_values<false>(array, file.type, file.data);
    }
    return array;
}

}  // namespace tundish
