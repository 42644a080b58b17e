#include "wire_reader.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#include <limits>

namespace tundish {

bool WireReader::next() {
    if (done()) return false;
    const std::uint64_t tag = varint();
    field_ = static_cast<std::uint32_t>(tag >> 3U);
    if (tag > std::numeric_limits<std::uint32_t>::max() || field_ == 0) damaged("an impossible field number");
    switch (tag & 7U) {
        case 0:
        case 1:
        case 2:
        case 5:
            type_ = static_cast<Type>(tag & 7U);
            return true;
        default:
            damaged("a field of an unknown kind");
    }
}

std::uint64_t WireReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const std::uint64_t byte = rest_.front();
        rest_ = rest_.subspan(1);
        if (shift == 63 && byte > 1) break;
        value |= (byte & 0x7FU) << shift;
        if (byte < 0x80) return value;
    }
    damaged("a number without an end");
}

float WireReader::fixed32() {
    return load_le<float>(take(4).data());
}

ByteSpan WireReader::bytes() {
    return take(varint());
}

void WireReader::skip() {
    switch (type_) {
        case Type::varint:
            varint();
            return;
        case Type::fixed64:
            take(8);
            return;
        case Type::bytes:
            bytes();
            return;
        case Type::fixed32:
            take(4);
            return;
    }
}

void WireReader::expect(Type type) const {
    if (type_ != type) damaged("a field of another kind than expected");
}

ByteSpan WireReader::take(std::uint64_t size) {
    if (size > rest_.size()) damaged("a length that reaches beyond the end");
    const auto taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(taken.size());
    return taken;
}

void WireReader::damaged(const char* what) const {
    throw DataError(text("expected a tf.train.Example, found ", what, " before byte ", rest_.data() - origin_,
                         " of the record; this may be another kind of record"));
}

}  // namespace tundish
