#include "tundish/model/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#ifdef TUNDISH_CUDA
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#endif

#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include "kernels/instruction_set.hpp"
#include "pooled_tensors.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

#ifdef TUNDISH_CUDA
cudaDeviceProp properties(const at::Device& device) {
    cudaDeviceProp found{};
    cudaGetDeviceProperties(&found, device.has_index() ? device.index() : 0);
    return found;
}
#endif

// libgomp lets a waiting thread spin for milliseconds, which costs up to five times the speed when another process
// wants the core. Its own remedy, OMP_WAIT_POLICY, is read before main() starts. But it spins a thousand times at most
// when it manages more threads than there are cores: one idle thread with a team of two is enough to make it think so,
// and sleeps for as long as the process lives.
void keep_threads_from_spinning() {
    if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr)
        return;  // the user decided
    std::promise<void> started;
    std::thread([&started] {
        int members = 0;
#pragma omp parallel num_threads(2) reduction(+ : members)
        members += 1;
        static_cast<void>(members);
        started.set_value();
        while (true) std::this_thread::sleep_for(std::chrono::hours(24));
    }).detach();
    started.get_future().wait();
}

std::string describe_cpu() {
    const CpuFeatures features = cpu_features();
    const char* widest = features.amx_bf16 ? "AMX" : features.avx512 ? "AVX-512" : features.avx2 ? "AVX2" : "no AVX2";
    const int threads = at::get_num_threads();
    return text("CPU, ", threads, threads == 1 ? " thread, " : " threads, ", widest);
}

}  // namespace

CpuFeatures cpu_features() {
    CpuFeatures features;
    features.avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    features.avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
    features.amx_bf16 = features.avx512 && amx_bf16_runs();
    return features;
}

at::Device choose_device() {
#ifdef TUNDISH_CUDA
    if (c10::cuda::device_count() > 0) return {at::kCUDA, 0};
#endif
    return at::kCPU;
}

bool bfloat16_pays(const at::Device& device) {
#ifdef TUNDISH_CUDA
    if (device.is_cuda()) return properties(device).major >= 8;
#endif
    return device.is_cpu() && cpu_features().amx_bf16;
}

at::ScalarType automatic_precision(const at::Device& device) {
    if (bfloat16_pays(device)) return at::kBFloat16;
    return device.is_cuda() ? at::kHalf : at::kFloat;
}

const char* name_of(at::ScalarType compute) {
    if (compute == at::kBFloat16) return "bf16";
    return compute == at::kHalf ? "fp16" : "fp32";
}

// AMIs of inference instances come with drivers as old as 470 (CUDA 11.4); InferenceAmiVersion chooses a newer one.
std::string why_no_gpu() {
#ifdef TUNDISH_CUDA
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return {};
    if (error != cudaErrorInsufficientDriver) return "no GPU is visible, so the CPU computes";
    int driver = 0;
    cudaDriverGetVersion(&driver);
    return text("the machine's NVIDIA driver knows CUDA ", driver / 1000, '.', driver % 1000 / 10,
                " and this image needs ", CUDART_VERSION / 1000, '.', CUDART_VERSION % 1000 / 10,
                ", so the CPU computes. Take a newer AMI: for endpoints InferenceAmiVersion "
                "al2-ami-sagemaker-inference-gpu-3-1");
#else
    return {};
#endif
}

std::string describe_device(const at::Device& device) {
#ifdef TUNDISH_CUDA
    if (device.is_cuda()) {
        const auto found = properties(device);
        return text(found.name, " (capability ", found.major, '.', found.minor, ")");
    }
#endif
    static_cast<void>(device);
    return describe_cpu();
}

void set_up_device(const at::Device& device, int threads, bool deterministic) {
    keep_threads_from_spinning();
    pool_large_tensors();
    if (threads > 0) {
        at::set_num_threads(threads);
    } else if (std::getenv("OMP_NUM_THREADS") == nullptr) {  // else LibTorch has taken the user's number
        at::set_num_threads(usable_processors());
    }
    auto& context = at::globalContext();
    if (device.is_cuda()) {
        context.setBenchmarkCuDNN(!deterministic);
        context.setAllowTF32CuDNN(true);
        context.setAllowTF32CuBLAS(true);
    }
    if (deterministic) {
        context.setDeterministicCuDNN(true);
        context.setDeterministicAlgorithms(true, /*warn_only=*/false);
    }
}

}  // namespace tundish
