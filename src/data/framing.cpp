#include "tundish/data/framing.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"

namespace tundish {

std::optional<ByteSpan> Framing::next() {
    while (part_has_ended()) {
        if (!input_.next_part()) return std::nullopt;
        in_part_ = -1;
    }
    ++in_part_;
    record_at_ = input_.offset();
    ++count_;
    return read_record();
}

std::string Framing::origin() const {
    return text(input_.source().place(), ", record ", in_part_, " (byte ", record_at_, ')');
}

std::string Framing::what() const {
    return text(input_.source().what(), ", record ", in_part_, " (byte ", record_at_, ')');
}

void Framing::refuse(std::string_view problem) const {
    throw DataError(text(what(), ": ", problem, ". ", advice(Damage::foreign)));
}

bool Framing::part_has_ended() {
    try {
        return input_.peek(1).empty();
    } catch (const DamagedBytes& damage) {
        ++in_part_;
        record_at_ = input_.offset();
        add_record_to(damage.what());
    }
}

// The source's message begins with its own place, which is told here once, and with the record.
void Framing::add_record_to(std::string_view damage) const {
    const std::string place = input_.source().what();
    if (damage.starts_with(place)) damage.remove_prefix(place.size());
    throw DataError(text(place, ", record ", in_part_, " (byte ", record_at_, " of what is inflated)", damage));
}

void Framing::cut_off(std::size_t found, std::size_t size, std::string_view part) {
    const std::string begins =
        in_part_ == 0 && found < 32 ? text(" The data begins with ", what_stands_here(), '.') : "";
    throw DataError(text(what(), ": the data ends in mid-record: expected ", size, " bytes of ", title_, ' ', part,
                         " from byte ", offset(), " on, found ", found, ".", begins, ' ', advice(Damage::cut_off)));
}

std::string Framing::what_stands_here() {
    return describe_bytes(peek(32));
}

}  // namespace tundish
