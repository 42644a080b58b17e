#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tundish {

/// Leaves new elements as they are instead of writing zeros: memory is touched first by whoever fills it, on as many
/// threads as do. `Bytes(n)` and `resize(n)` therefore hold anything until they are written.
template <typename Item>
struct UninitialisedAllocator : std::allocator<Item> {
    template <typename Other>
    struct rebind {  // NOLINT(readability-identifier-naming): the standard library's names
        using other = UninitialisedAllocator<Other>;  // NOLINT(readability-identifier-naming)
    };
    template <typename Other>
    void construct(Other* at) {
        ::new (static_cast<void*>(at)) Other;
    }
    template <typename Other, typename... Arguments>
    void construct(Other* at, Arguments&&... arguments) {
        std::construct_at(at, std::forward<Arguments>(arguments)...);
    }
};

using Bytes = std::vector<std::uint8_t, UninitialisedAllocator<std::uint8_t>>;
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

/// Likewise a big-endian one.
template <typename Number>
Number load_be(const std::uint8_t* bytes) {
    std::array<std::uint8_t, sizeof(Number)> reversed;
    std::reverse_copy(bytes, bytes + sizeof(Number), reversed.begin());
    return load_le<Number>(reversed.data());
}

/// Appends a number in little-endian order.
template <typename Number>
void append_le(std::string& out, Number value) {
    static_assert(std::is_trivially_copyable_v<Number>);
    std::array<char, sizeof value> raw;
    std::memcpy(raw.data(), &value, sizeof value);
    out.append(raw.data(), raw.size());
}

inline std::string_view as_text(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline ByteSpan as_bytes(std::string_view value) {
    return {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
}

}  // namespace tundish
