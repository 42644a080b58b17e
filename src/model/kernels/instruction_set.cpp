#include "model/kernels/instruction_set.hpp"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tundish {
namespace {

// CPUID leaf 7, sub-leaf 0, EDX bits 22 and 24 (Intel SDM vol. 2A): AMX-BF16 and AMX-TILE.
bool cpu_has_amx_bf16() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    constexpr unsigned kBoth = 1U << 22U | 1U << 24U;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kBoth) == kBoth;
}

// The kernel gives the tiles' 8 KiB to processes that ask (Documentation/arch/x86/xstate.rst), for all their threads.
bool kernel_grants_tiles() {
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool amx_bf16_runs() {
    static const bool runs = cpu_has_amx_bf16() && __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512bf16") && kernel_grants_tiles();
    return runs;
}

}  // namespace tundish
