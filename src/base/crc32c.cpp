#include "tundish/base/crc32c.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

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

// The instruction takes a cycle to start and three to finish, so three blocks are summed side by side. Sums of
// neighbouring blocks are joined by moving the earlier one over the later block's bits: multiplying its polynomial by
// x^bits, modulo the CRC's. A carry-less product with x^(bits - 33), reduced by the instruction itself (which
// multiplies by x^32; the reflected product brings another x), does that; see V. Gopal et al., "Fast CRC Computation
// for iSCSI Polynomial Using CRC32 Instruction", Intel 2011.
constexpr std::size_t kWord = 8;
constexpr std::size_t kMostWords = 128;  // in a block: three fill a fifth of the first-level cache

// x^(64 * words - 33) for blocks of 1 to 2 * kMostWords words. Reflected: the highest bit is x^0.
constexpr std::array<std::uint32_t, 2 * kMostWords + 1> make_moves() {
    std::array<std::uint32_t, 2 * kMostWords + 1> moves{};
    std::uint32_t power = 0x80000000U;
    for (std::size_t exponent = 0; exponent <= kMostWords * 128 - 33; ++exponent) {
        if ((exponent + 33) % 64 == 0) moves[(exponent + 33) / 64] = power;
        power = (power >> 1U) ^ ((power & 1U) != 0 ? kReversedPolynomial : 0U);
    }
    return moves;
}

constexpr auto kMoves = make_moves();

using Words = long long __attribute__((vector_size(16)));

__attribute__((target("sse4.2,pclmul"))) std::uint64_t moved(std::uint64_t state, std::size_t words) {
    const Words product = __builtin_ia32_pclmulqdq128(Words{static_cast<long long>(state), 0},
                                                      Words{static_cast<long long>(kMoves[words]), 0}, 0);
    return __builtin_ia32_crc32di(0, static_cast<std::uint64_t>(product[0]));
}

// The state after 3 * words words.
__attribute__((target("sse4.2,pclmul"))) std::uint64_t three_blocks(const std::uint8_t* at, std::size_t words,
                                                                    std::uint64_t state) {
    const std::size_t block = words * kWord;
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::uint8_t* end = at + block; at != end; at += kWord) {
        state = __builtin_ia32_crc32di(state, load_le<std::uint64_t>(at));
        second = __builtin_ia32_crc32di(second, load_le<std::uint64_t>(at + block));
        third = __builtin_ia32_crc32di(third, load_le<std::uint64_t>(at + 2 * block));
    }
    return moved(state, 2 * words) ^ moved(second, words) ^ third;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t by_instruction(ByteSpan bytes, std::uint32_t state) {
    constexpr std::size_t kWorthIt = 4;  // words in a block; below, joining costs more than it saves
    std::uint64_t wide = state;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    while (left >= 3 * kWorthIt * kWord) {
        const std::size_t words = std::min(left / (3 * kWord), kMostWords);
        wide = three_blocks(at, words, wide);
        at += 3 * words * kWord;
        left -= 3 * words * kWord;
    }
    for (; left >= kWord; left -= kWord, at += kWord) wide = __builtin_ia32_crc32di(wide, load_le<std::uint64_t>(at));
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; left > 0; --left, ++at) narrow = __builtin_ia32_crc32qi(narrow, *at);
    return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t previous) {
    const std::uint32_t state = ~previous;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) return ~by_instruction(bytes, state);
#endif
    return ~by_table(bytes, state);
}

std::uint32_t masked_crc32c(ByteSpan bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

}  // namespace tundish
