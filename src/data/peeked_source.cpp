#include "tundish/data/peeked_source.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tundish {

PeekedSource::PeekedSource(std::unique_ptr<ByteSource> source, std::size_t size)
    : source_(std::move(source)), head_(size) {
    std::size_t have = 0;
    try {
        for (std::size_t got = 1; have < size && got > 0; have += got) {
            got = source_->read(head_.data() + have, size - have);
        }
    } catch (const DamagedBytes&) {
        if (have == 0) throw;
        damage_ = std::current_exception();
    }
    head_.resize(have);
}

std::size_t PeekedSource::read(std::uint8_t* to, std::size_t size) {
    if (given_ == head_.size()) {
        check_head();
        return source_->read(to, size);
    }
    const std::size_t count = std::min(size, head_.size() - given_);
    std::memcpy(to, head_.data() + given_, count);
    given_ += count;
    return count;
}

bool PeekedSource::next_part() {
    given_ = head_.size();
    damage_ = nullptr;
    return source_->next_part();
}

}  // namespace tundish
