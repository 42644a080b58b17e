#include "tundish/data/wire_writer.hpp"

#include "tundish/base/bytes.hpp"
#include "wire_reader.hpp"

namespace tundish {
namespace {

using Type = WireReader::Type;

void append_key(std::string& out, std::uint32_t field, Type type) {
    append_varint(out, field << 3U | static_cast<std::uint32_t>(type));
}

}  // namespace

void append_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
    out += static_cast<char>(value);
}

void append_varint_field(std::string& out, std::uint32_t field, std::uint64_t value) {
    append_key(out, field, Type::varint);
    append_varint(out, value);
}

void append_double_field(std::string& out, std::uint32_t field, double value) {
    append_key(out, field, Type::fixed64);
    append_le(out, value);
}

void append_float_field(std::string& out, std::uint32_t field, float value) {
    append_key(out, field, Type::fixed32);
    append_le(out, value);
}

void append_bytes_field(std::string& out, std::uint32_t field, std::string_view content) {
    append_key(out, field, Type::bytes);
    append_varint(out, content.size());
    out += content;
}

}  // namespace tundish
