#include "tundish/data/recordio.hpp"

#include "tundish/base/text.hpp"

#include <ios>
#include <utility>

namespace tundish {
namespace {

enum Flag : unsigned { whole = 0, first = 1, middle = 2, last = 3 };

constexpr std::size_t kHeader = 8;
constexpr std::uint32_t kMagicOf2015 = 0x3ed7230a;  // an early revision of dmlc-core, with other flags

}  // namespace

RecordIo::RecordIo(std::unique_ptr<ByteSource> source, RecordIoParts parts, std::size_t max_record_bytes)
    : Framing(std::move(source), "RecordIO"), parts_(parts), max_record_bytes_(max_record_bytes) {}

ByteSpan RecordIo::read_record() {
    const Part part = read_part(0);
    if (part.flag == whole) return part.data;
    if (part.flag == first) return read_split_record(part.data);
    refuse(text("expected the beginning of a record, found its ", part.flag == middle ? "middle" : "last",
                " part (flag ", part.flag, ")"));
}

ByteSpan RecordIo::read_split_record(ByteSpan first_data) {
    joined_.assign(first_data.begin(), first_data.end());
    while (true) {
        const Part part = read_part(joined_.size());
        if (part.flag != middle && part.flag != last) {
            refuse(
                text("expected the next part of a split record (flag 2 or 3), found the beginning of another one "
                     "(flag ",
                     part.flag, ")"));
        }
        if (parts_ == RecordIoParts::dmlc) {
            const std::uint32_t magic = kMagic;
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(&magic);
            joined_.insert(joined_.end(), bytes, bytes + sizeof magic);
        }
        joined_.insert(joined_.end(), part.data.begin(), part.data.end());
        if (part.flag == last) return joined_;
    }
}

RecordIo::Part RecordIo::read_part(std::size_t joined) {
    const ByteSpan header = need(kHeader, "header");
    check_magic(load_le<std::uint32_t>(header.data()));
    const auto word = load_le<std::uint32_t>(header.data() + 4);
    const unsigned flag = word >> 29U;
    const std::size_t length = word & ((1U << 29U) - 1);
    if (flag > last) refuse(text("expected a RecordIO flag of 0 to 3, found ", flag, " at byte ", offset()));
    if (length > max_record_bytes_ || joined + length > max_record_bytes_) {
        refuse(text("expected records of at most ", max_record_bytes_, " bytes, found one of ", joined + length));
    }
    const ByteSpan all = need(kHeader + (length + 3) / 4 * 4, "header, data and padding");
    consume(all.size());
    return {flag, all.subspan(kHeader, length)};
}

void RecordIo::check_magic(std::uint32_t magic) {
    if (magic == kMagic) return;
    if (magic == kMagicOf2015) {
        refuse(
            "found RecordIO in the form that dmlc-core wrote in 2015 (magic number 0x3ed7230a), which is not read. "
            "Write the file again with today's im2rec");
    }
    refuse(text("expected a RecordIO record (0a 23 d7 ce) at byte ", offset(), ", found ", what_stands_here()));
}

}  // namespace tundish
