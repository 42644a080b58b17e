// Working memory of the kernels: grows to the largest request and is kept, one set per thread.
#pragma once

#include <cstddef>

namespace tundish {

// Owns 64-byte aligned floats. Large ones ask for huge pages: a Winograd tile touches dozens of distant
// lines.
class ScratchBuffer {
  public:
    ScratchBuffer() = default;
    ScratchBuffer(const ScratchBuffer&) = delete;
    ScratchBuffer& operator=(const ScratchBuffer&) = delete;
    ~ScratchBuffer();

    // At least `floats` elements, contents undefined; valid until the next call. Throws std::bad_alloc.
    float* request(std::size_t floats);
    // What the last request() gave.
    const float* data() const { return data_; }

    double* request_doubles(std::size_t doubles) { return reinterpret_cast<double*>(request(2 * doubles)); }

  private:
    float* data_ = nullptr;
    std::size_t capacity_ = 0;
};

// The calling thread's buffers; freed when the thread ends. Kernels that run at the same time in one thread
// do not exist, so all kernels share them.
struct KernelScratch {
    ScratchBuffer transformed_weight, transformed_input, transformed_output;
};
KernelScratch& thread_scratch();

}  // namespace tundish
