#include "tundish/data/buffered_input.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tundish {
namespace {

constexpr std::size_t kFirst = 1 << 16;  // small files cost little; a source that fills it gets more

}  // namespace

BufferedInput::BufferedInput(std::unique_ptr<ByteSource> source, std::size_t window)
    : source_(std::move(source)), window_(std::max<std::size_t>(window, 1)), buffer_(std::min(window_, kFirst)) {}

// What is left (part of a record) moves to the front first: reads are large, and always into the same memory, which
// stays in the processor's cache.
void BufferedInput::fill(std::size_t size) {
    if (ended_) return;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        base_ += begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ < size && !ended_) {
        if (end_ == buffer_.size()) buffer_.resize(std::min(std::max(size, window_), buffer_.size() * 2));
        const std::size_t got = source_->read(buffer_.data() + end_, buffer_.size() - end_);
        ended_ = got == 0;
        end_ += got;
    }
    if (end_ == buffer_.size() && end_ < window_) buffer_.resize(std::min(window_, end_ * 2));
}

bool BufferedInput::next_part() {
    if (!source_->next_part()) return false;
    begin_ = end_ = 0;
    base_ = 0;
    ended_ = false;
    return true;
}

}  // namespace tundish
