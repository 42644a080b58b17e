#include "pooled_tensors.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include "tundish/base/block_pool.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"

namespace tundish {
namespace {

constexpr std::size_t kLarge = 1 << 20;

// Addresses are free: more than any machine's memory.
constexpr std::size_t kLargestExtent = std::size_t{8} << 40;

// Null where a limit on addresses (ulimit -v) leaves no room: LibTorch's own allocator does all then.
BlockPool* make_pool() {
    try {
        return new BlockPool(kLargestExtent);
    } catch (const MachineError& error) {
        log_debug(error.what());
        return nullptr;
    }
}

// Never destroyed: static tensors may outlive everything else.
BlockPool* pool() {
    static auto* const blocks = make_pool();
    return blocks;
}

c10::Allocator& small_tensors() {
    static c10::Allocator& found = *c10::GetDefaultCPUAllocator();
    return found;
}

void release(void* block) {
    if (pool()->owns(block)) {
        pool()->release(block);
    } else {
        small_tensors().raw_deallocate(block);
    }
}

// oneDNN asks for raw memory, so every block has the same deleter.
class PooledTensors : public c10::Allocator {
  public:
    c10::DataPtr allocate(std::size_t bytes) override {
        void* block = bytes < kLarge ? nullptr : pool()->allocate(bytes);
        // A machine without memory: the allocator for small ones throws, and says how many bytes it wanted.
        if (block == nullptr) block = small_tensors().raw_allocate(bytes);
        return {block, block, release, at::kCPU};
    }

    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return release; }

    void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
};

}  // namespace

void pool_large_tensors() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (pool() == nullptr) return;
    static PooledTensors allocator;
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
#endif
}

}  // namespace tundish
