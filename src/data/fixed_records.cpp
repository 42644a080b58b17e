#include "tundish/data/fixed_records.hpp"

#include "tundish/base/text.hpp"

#include <utility>

namespace tundish {

FixedRecords::FixedRecords(std::unique_ptr<ByteSource> source, const FixedLayout& layout)
    : Framing(std::move(source), layout.title), layout_(layout) {}

ByteSpan FixedRecords::read_record() {
    const unsigned first = need(1, "data").front();
    if (first >= layout_.first_byte_below) {
        refuse(text("expected a ", layout_.title, " record of ", layout_.record_bytes,
                    " bytes with a first byte in 0..", layout_.first_byte_below - 1, ", found ", first, ": ",
                    what_stands_here()));
    }
    const ByteSpan record = need(layout_.record_bytes, "data");
    consume(record.size());
    return record;
}

}  // namespace tundish
