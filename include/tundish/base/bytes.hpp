#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tundish {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tundish runs on little-endian machines only");

/// Reads a little-endian number at `bytes`, which need not be aligned. The caller has checked the length.
template <typename Number>
Number load_le(const std::uint8_t* bytes) {
    static_assert(std::is_trivially_copyable_v<Number>);
    Number value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

/// Appends a number in little-endian order.
template <typename Number>
void append_le(std::string& out, Number value) {
    static_assert(std::is_trivially_copyable_v<Number>);
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    out.append(raw, sizeof value);
}

inline std::string_view as_text(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline ByteSpan as_bytes(std::string_view value) {
    return {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
}

}  // namespace tundish
