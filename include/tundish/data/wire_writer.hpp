#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Protocol buffer messages, field by field, appended to a buffer. Every function may be called from any thread.
namespace tundish {

/// A number alone, as packed lists hold them.
void append_varint(std::string& out, std::uint64_t value);

/// Of type int32, int64, uint32, uint64, bool or an enumeration; negative numbers as their 64 bits.
void append_varint_field(std::string& out, std::uint32_t field, std::uint64_t value);
void append_double_field(std::string& out, std::uint32_t field, double value);
void append_float_field(std::string& out, std::uint32_t field, float value);
/// Bytes, a string, another message or a packed list.
void append_bytes_field(std::string& out, std::uint32_t field, std::string_view content);

}  // namespace tundish
