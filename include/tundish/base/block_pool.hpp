#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <unordered_map>

namespace tundish {

/// Memory for blocks of a megabyte and more that come and go in the same pattern, as a training step's tensors do. One
/// range of addresses, best fit, neighbours joined; what was touched once stays in the process. glibc's heap keeps
/// small blocks between the large ones: the default job's 1.2 GB of live tensors took 2.3 GB there. Any thread.
class BlockPool {
  public:
    /// Reserves addresses, no memory. Throws MachineError when the kernel refuses.
    explicit BlockPool(std::size_t largest_extent);
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;
    ~BlockPool();

    /// At least `bytes`, at a page's beginning; not zeroed. nullptr when the range or the machine's memory is used up.
    [[nodiscard]] void* allocate(std::size_t bytes);

    /// Takes back what allocate() gave.
    void release(void* block) noexcept;

    /// True for addresses inside the reserved range.
    [[nodiscard]] bool owns(const void* address) const noexcept;

    /// Bytes from the beginning of the range to the end of the highest block there ever was.
    [[nodiscard]] std::size_t extent() const;

  private:
    using FreeBlocks = std::map<char*, std::size_t>;  // by address, so that neighbours are found
    FreeBlocks::iterator best_fit(std::size_t size);
    FreeBlocks::iterator grow(std::size_t size);

    char* begin_;
    std::size_t largest_extent_;
    mutable std::mutex mutex_;
    char* top_;
    FreeBlocks free_;
    std::unordered_map<void*, std::size_t> taken_;
};

}  // namespace tundish
