#pragma once

#include "tundish/base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace tundish {

/// Walks the fields of one protocol buffer message, forward, without copying. Throws DataError with the place when a
/// length or a number runs over the end.
class WireReader {
  public:
    /// How a field's value is laid out.
    enum class Type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

    /// `origin` is the first byte of the whole payload, for the places in messages.
    WireReader(ByteSpan message, const std::uint8_t* origin) : rest_(message), origin_(origin) {}

    /// Reads the next field's number and type; false at the end. The value must then be taken or skipped.
    bool next();
    [[nodiscard]] std::uint32_t field() const { return field_; }
    [[nodiscard]] Type type() const { return type_; }

    std::uint64_t varint();
    float fixed32();
    ByteSpan bytes();
    void skip();

    /// True at the end of the message.
    [[nodiscard]] bool done() const { return rest_.empty(); }

    /// Throws unless the field has this type.
    void expect(Type type) const;

    [[noreturn]] void damaged(const char* what) const;

  private:
    ByteSpan take(std::uint64_t size);

    ByteSpan rest_;
    const std::uint8_t* origin_;
    std::uint32_t field_ = 0;
    Type type_ = Type::varint;
};

}  // namespace tundish
