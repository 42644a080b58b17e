#include "tundish/data/shuffled_reader.hpp"

#include "tundish/base/random.hpp"

#include <utility>

namespace tundish {
namespace {

std::int64_t memory_of(const Record& record) {
    return static_cast<std::int64_t>(sizeof(Record) + record.payload.capacity() + record.origin.capacity());
}

}  // namespace

ShuffledReader::ShuffledReader(std::unique_ptr<RecordReader> reader, std::int64_t window_bytes, std::uint64_t key)
    : WrappedReader(std::move(reader)), window_bytes_(window_bytes), key_(key) {}

std::optional<Record> ShuffledReader::next() {
    auto record = next_unloaded();
    if (record && record->payload.empty() && record->problem.empty()) load(*record);
    return record;
}

std::optional<Record> ShuffledReader::next_unloaded() {
    fill();
    if (window_.empty()) return std::nullopt;
    const auto chosen = random_below(static_cast<std::int64_t>(window_.size()), {key_, given_++});
    std::swap(window_[static_cast<std::size_t>(chosen)], window_.back());
    Record record = std::move(window_.back());
    window_.pop_back();
    bytes_ -= memory_of(record);
    return record;
}

// At least one record, however large it is.
void ShuffledReader::fill() {
    while (!ended_ && (window_.empty() || bytes_ < window_bytes_)) {
        auto record = reader().next_unloaded();
        if (!record) {
            ended_ = true;
            return;
        }
        bytes_ += memory_of(*record);
        window_.push_back(std::move(*record));
    }
}

}  // namespace tundish
