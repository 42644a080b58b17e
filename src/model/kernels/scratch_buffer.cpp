#include "model/kernels/scratch_buffer.hpp"

#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace tundish {
namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
}

ScratchBuffer::~ScratchBuffer() {
    std::free(data_);
}

float* ScratchBuffer::request(std::size_t floats) {
    if (floats <= capacity_) return data_;
    std::size_t bytes = floats * sizeof(float);
    std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    std::free(data_);
    capacity_ = 0;
    data_ = static_cast<float*>(std::aligned_alloc(alignment, bytes));
    if (data_ == nullptr) throw std::bad_alloc();
    if (alignment == kHugePage) madvise(data_, bytes, MADV_HUGEPAGE);  // a refusal only costs speed
    capacity_ = bytes / sizeof(float);
    return data_;
}

KernelScratch& thread_scratch() {
    thread_local KernelScratch scratch;
    return scratch;
}

}  // namespace tundish
