#pragma once

#include <cstdint>

#include "tundish/base/bytes.hpp"

namespace tundish {

/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41, RFC 3720 §B.4). Uses the SSE4.2 instruction where the CPU has it.
/// `previous` continues a running sum: crc32c(b, crc32c(a)) is the sum of a followed by b.
std::uint32_t crc32c(ByteSpan bytes, std::uint32_t previous = 0);

/// TFRecord's masking, ((crc >> 15) | (crc << 17)) + 0xa282ead8, which TensorBoard's event files use too.
std::uint32_t masked_crc32c(ByteSpan bytes);

}  // namespace tundish
