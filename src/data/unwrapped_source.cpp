#include "unwrapped_source.hpp"

#include <algorithm>
#include <cstring>

namespace tundish {

std::size_t UnwrappedSource::read(std::uint8_t* to, std::size_t size) {
    if (!begun_ && !next_part()) return 0;
    const std::size_t count = std::min(size, left_.size());
    if (count > 0) std::memcpy(to, left_.data(), count);
    left_ = left_.subspan(count);
    return count;
}

bool UnwrappedSource::next_part() {
    begun_ = true;
    const auto record = records_.next();
    left_ = record.value_or(ByteSpan{});
    return record.has_value();
}

}  // namespace tundish
