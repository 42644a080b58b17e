#include "tundish/data/shared_reader.hpp"

namespace tundish {

std::optional<Record> SharedReader::next() {
    return pass_over_others() ? reader().next() : std::nullopt;
}

std::optional<Record> SharedReader::next_unloaded() {
    return pass_over_others() ? reader().next_unloaded() : std::nullopt;
}

// False at the end.
bool SharedReader::pass_over_others() {
    for (; position_ % share_.of != share_.place; ++position_) {
        if (!reader().next_unloaded()) return false;
    }
    ++position_;
    return true;
}

}  // namespace tundish
