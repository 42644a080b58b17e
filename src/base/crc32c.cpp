#include "tundish/base/crc32c.hpp"

#include <array>

namespace tundish {
namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? kReversedPolynomial : 0U);
        table[byte] = value;
    }
    return table;
}

constexpr auto kTable = make_table();

std::uint32_t by_table(ByteSpan bytes, std::uint32_t state) {
    for (const std::uint8_t byte : bytes) state = (state >> 8U) ^ kTable[(state ^ byte) & 0xFFU];
    return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(ByteSpan bytes, std::uint32_t state) {
    std::uint64_t wide = state;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) wide = __builtin_ia32_crc32di(wide, load_le<std::uint64_t>(at));
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; left > 0; --left, ++at) narrow = __builtin_ia32_crc32qi(narrow, *at);
    return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t previous) {
    const std::uint32_t state = ~previous;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~by_instruction(bytes, state);
#endif
    return ~by_table(bytes, state);
}

std::uint32_t masked_crc32c(ByteSpan bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

}  // namespace tundish
