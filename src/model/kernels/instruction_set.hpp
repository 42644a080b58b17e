// Which compiled copy of the kernels this machine runs.
#pragma once

#include <cstdint>

namespace tundish {

enum class InstructionSet { kNone, kAvx2, kAvx512 };

// The best set for vectors that must divide `channels` (0 is divided by all).
inline InstructionSet best_instruction_set(std::int64_t channels) {
    static const bool avx512 = __builtin_cpu_supports("avx512f");
    static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx512 && channels % 16 == 0) return InstructionSet::kAvx512;
    return avx2 && channels % 8 == 0 ? InstructionSet::kAvx2 : InstructionSet::kNone;
}

// True where bfloat16 on AMX's tiles may be used: the CPU has it, and the kernel has granted it to this process, which
// the first call asks for. Any thread.
bool amx_bf16_runs();

}  // namespace tundish
