// What LibTorch throws, in its words, and what that means to whoever serves.
#include "tundish/model/torch_failure.hpp"

#include <c10/util/Exception.h>

#include "support/errors.hpp"
#include "support/torch_catch.hpp"
#include "tundish/model/classifier.hpp"

using namespace tundish;
using tundish::testing::lacks;

namespace {

// "memory: …", "device: …", "machine: …"
template <typename Thrown>
std::string meaning_of(const Thrown& thrown, bool on_gpu = true) {
    try {
        try {
            throw thrown;
        } catch (const std::exception&) {
            rethrow_as_ours("model.pt", 64, on_gpu);
        }
    } catch (const MemoryError& error) {
        return std::string("memory: ") + error.what();
    } catch (const DeviceError& error) {
        return std::string("device: ") + error.what();
    } catch (const MachineError& error) {
        return std::string("machine: ") + error.what();
    }
    return "something else";
}

c10::Error of_libtorch(const std::string& message) {
    return {{__func__, __FILE__, 0}, message};
}

// As somebody's TorchScript passes an error on.
std::runtime_error of_interpreter(const std::string& message) {
    return std::runtime_error(
        "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most recent call "
        "last):\n  File \"<string>\", line 3, in forward\n    return x @ x\n           ~~~~~ <--- "
        "HERE\nRuntimeError: " +
        message);
}

constexpr const char* kIllegal =
    "CUDA error: an illegal memory access was encountered\nSearch for `cudaErrorIllegalAddress' in "
    "https://docs.nvidia.com/cuda for more information.\nCUDA kernel errors might be asynchronously reported at some "
    "other API call, so the stacktrace below might be incorrect.\n";

}  // namespace

TEST_CASE("no memory on the GPU: the remedy, whichever library says so, also through TorchScript") {
    for (const char* message :
         {"CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 14.58 GiB",
          "CUDA error: out of memory", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
          "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
          "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"}) {
        INFO(message);
        for (const std::string& meaning : {meaning_of(of_libtorch(message)), meaning_of(of_interpreter(message))}) {
            CHECK(lacks(meaning, {"memory: the GPU has no memory for 64 images at once. Lower SAGEMAKER_TS_BATCH_SIZE"})
                      .empty());
        }
    }
    CHECK(meaning_of(c10::OutOfMemoryError({__func__, __FILE__, 0}, "no words")).starts_with("memory: "));
}

TEST_CASE("no memory on the CPU: the same, without a GPU in it") {
    const char* message =
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
        "allocate 1099511627776 bytes. Error code 12 (Cannot allocate memory)";
    CHECK(meaning_of(of_libtorch(message), false).starts_with("memory: there is no memory for 64 images at once."));
    CHECK(meaning_of(of_interpreter(message), false).starts_with("memory: there is no memory"));
    CHECK(meaning_of(of_interpreter("std::bad_alloc"), false).starts_with("memory: "));
}

TEST_CASE("an error of CUDA itself is for good, also through TorchScript") {
    const std::string expected = "device: the GPU failed: CUDA error: an illegal memory access was encountered";
    CHECK(meaning_of(of_libtorch(kIllegal)) == expected);
    CHECK(meaning_of(of_interpreter(kIllegal)) == expected);
    CHECK(meaning_of(of_libtorch("CUDA error: unspecified launch failure")).starts_with("device: "));
    CHECK(meaning_of(of_libtorch(kIllegal), false).starts_with("machine: "));  // words of somebody's model
}

TEST_CASE("anything else fails this request alone, on a GPU too, and without a traceback") {
    for (const bool on_gpu : {false, true}) {
        CHECK(meaning_of(of_libtorch("shape '[7, 5]' is invalid for input of size 2"), on_gpu) ==
              "machine: model.pt failed: shape '[7, 5]' is invalid for input of size 2");
        CHECK(meaning_of(of_interpreter("shape '[7, 5]' is invalid\nmore of it"), on_gpu) ==
              "machine: model.pt failed: RuntimeError: shape '[7, 5]' is invalid");
    }
    CHECK(meaning_of(of_libtorch("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED")).starts_with("machine: "));
    CHECK(meaning_of(of_libtorch("Unable to find a valid cuDNN algorithm to run convolution")).starts_with("machine"));
}

TEST_CASE("our own errors stay what they are") {
    CHECK(meaning_of(MachineError("a full disk")) == "machine: a full disk");
    CHECK(meaning_of(DeviceError("gone")) == "device: gone");
}
