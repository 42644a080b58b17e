#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace tundish {

/// The CPU instruction sets that decide which arithmetic pays. Asked of the processor, not of the operating system's
/// text files; AMX of the kernel too, which has to grant it.
struct CpuFeatures {
    bool avx2 = false;
    bool avx512 = false;
    bool amx_bf16 = false;
};
CpuFeatures cpu_features();

/// The device of this process: the first visible CUDA device if this build has CUDA and a driver answers, else the CPU.
at::Device choose_device();

/// True where bfloat16 is the faster arithmetic: AMX on CPUs, compute capability 8.0 and later on GPUs.
bool bfloat16_pays(const at::Device& device);

/// The dtype that precision `auto` means: bfloat16 where it pays, half on older GPUs (7.0, 7.5), else float.
at::ScalarType automatic_precision(const at::Device& device);

/// As users write a precision: "fp32", "bf16", "fp16".
const char* name_of(at::ScalarType compute);

/// Why a build with CUDA computes on the CPU, with the remedy: no GPU, or a driver that is too old. Empty in other
/// builds, and where a GPU is used.
std::string why_no_gpu();

/// One sentence for the log: "CPU, 2 threads, AVX2" or "NVIDIA H200 (capability 9.0)".
std::string describe_device(const at::Device& device);

/// Uses `threads` threads (0: as many as the cgroup and the affinity mask allow), and for CUDA sets cuDNN's autotuning
/// and TF32. `deterministic` forbids algorithms whose results vary from run to run. Call before any parallel work.
void set_up_device(const at::Device& device, int threads, bool deterministic);

}  // namespace tundish
