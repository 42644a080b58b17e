#include "tundish/base/block_pool.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

std::size_t whole_pages(std::size_t bytes) {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
}

}  // namespace

BlockPool::BlockPool(std::size_t largest_extent) : largest_extent_(whole_pages(largest_extent)) {
    void* range = ::mmap(nullptr, largest_extent_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED)
        throw MachineError(
            text("cannot reserve ", largest_extent_, " bytes of addresses for tensors: ", system_reason(errno)));
    begin_ = static_cast<char*>(range);
    top_ = begin_;
}

BlockPool::~BlockPool() {
    ::munmap(begin_, largest_extent_);
}

void* BlockPool::allocate(std::size_t bytes) {
    const std::size_t size = whole_pages(bytes);
    const std::scoped_lock lock(mutex_);
    auto found = best_fit(size);
    if (found == free_.end()) found = grow(size);
    if (found == free_.end()) return nullptr;
    const auto [block, available] = *found;
    taken_.emplace(block, size);
    free_.erase(found);
    if (available > size) free_.emplace(block + size, available - size);
    return block;
}

// The free blocks are some dozens at most: looking at all of them costs less than keeping them sorted by size.
BlockPool::FreeBlocks::iterator BlockPool::best_fit(std::size_t size) {
    auto best = free_.end();
    for (auto block = free_.begin(); block != free_.end(); ++block) {
        if (block->second >= size && (best == free_.end() || block->second < best->second)) best = block;
    }
    return best;
}

// A free block at the top is made longer, else there is a new one.
BlockPool::FreeBlocks::iterator BlockPool::grow(std::size_t size) {
    auto last = free_.empty() ? free_.end() : std::prev(free_.end());
    if (last != free_.end() && last->first + last->second != top_) last = free_.end();
    const std::size_t more = size - (last == free_.end() ? 0 : last->second);
    if (more > largest_extent_ - static_cast<std::size_t>(top_ - begin_)) return free_.end();
    if (::mprotect(top_, more, PROT_READ | PROT_WRITE) != 0) return free_.end();
    ::madvise(top_, more, MADV_HUGEPAGE);  // only advice
    if (last == free_.end()) last = free_.emplace(top_, 0).first;
    last->second += more;
    top_ += more;
    return last;
}

void BlockPool::release(void* block) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto taken = taken_.find(block);
    if (taken == taken_.end()) return;
    auto here = free_.emplace(static_cast<char*>(block), taken->second).first;
    taken_.erase(taken);
    const auto next = std::next(here);
    if (next != free_.end() && here->first + here->second == next->first) {
        here->second += next->second;
        free_.erase(next);
    }
    if (here == free_.begin()) return;
    const auto before = std::prev(here);
    if (before->first + before->second != here->first) return;
    before->second += here->second;
    free_.erase(here);
}

bool BlockPool::owns(const void* address) const noexcept {
    return address >= begin_ && address < begin_ + largest_extent_;
}

std::size_t BlockPool::extent() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(top_ - begin_);
}

}  // namespace tundish
