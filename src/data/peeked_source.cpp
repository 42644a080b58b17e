#include "tundish/data/peeked_source.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tundish {

PeekedSource::PeekedSource(std::unique_ptr<ByteSource> source, std::size_t size)
    : source_(std::move(source)), head_(size) {
    std::size_t have = 0;
    while (have < size) {
        const std::size_t got = source_->read(head_.data() + have, size - have);
        if (got == 0) break;
        have += got;
    }
    head_.resize(have);
}

std::size_t PeekedSource::read(std::uint8_t* to, std::size_t size) {
    if (given_ == head_.size()) return source_->read(to, size);
    const std::size_t count = std::min(size, head_.size() - given_);
    std::memcpy(to, head_.data() + given_, count);
    given_ += count;
    return count;
}

bool PeekedSource::next_part() {
    given_ = head_.size();
    return source_->next_part();
}

}  // namespace tundish
