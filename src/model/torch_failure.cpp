#include "tundish/model/torch_failure.hpp"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/classifier.hpp"

namespace tundish {
namespace {

using std::string_view;

// The libraries below LibTorch answer so when they find no memory for their handles and workspaces.
constexpr std::array<string_view, 7> kOfMemory{"out of memory",
                                               "can't allocate memory",
                                               "std::bad_alloc",
                                               "CUBLAS_STATUS_ALLOC_FAILED",
                                               "CUBLAS_STATUS_NOT_INITIALIZED",
                                               "CUDNN_STATUS_ALLOC_FAILED",
                                               "CUDNN_STATUS_NOT_INITIALIZED"};

bool tells_of_memory(string_view message) {
    return std::any_of(kOfMemory.begin(), kOfMemory.end(),
                       [&](string_view words) { return message.find(words) != string_view::npos; });
}

// After an error of its own a CUDA context answers every later call with one. What comes from a library above it, or
// from a check of LibTorch's, says nothing about the next call.
string_view error_of_cuda(string_view message) {
    for (const string_view words : {"CUDA error", "CUDA driver error"}) {
        if (const auto at = message.find(words); at != string_view::npos) {
            message.remove_prefix(at);
            return trim(message.substr(0, message.find('\n')));
        }
    }
    return {};
}

// TorchScript's interpreter tells where it was, line by line, and then what went wrong. Clients are shown no program.
std::string cause_alone(string_view message) {
    constexpr string_view kTraceback = "The following operation failed in the TorchScript interpreter";
    constexpr string_view kCause = "\nRuntimeError: ";
    message = trim(message);
    if (message.find(kTraceback) == string_view::npos) return std::string(message);
    log_debug(std::string(message));
    const auto cause = message.rfind(kCause);
    message.remove_prefix((cause == string_view::npos ? message.rfind('\n') : cause) + 1);
    return std::string(trim(message.substr(0, message.find('\n'))));
}

[[noreturn]] void throw_no_memory(std::size_t images, bool on_gpu) {
    throw MemoryError(text(on_gpu ? "the GPU has" : "there is", " no memory for ", images,
                           " images at once. Lower SAGEMAKER_TS_BATCH_SIZE, or take an instance with more."));
}

[[noreturn]] void throw_as_ours(const std::string& what, string_view message, std::size_t images, bool on_gpu) {
    // First: CUDA says so too, as an error of its own.
    if (tells_of_memory(message)) throw_no_memory(images, on_gpu);
    const string_view of_device = on_gpu ? error_of_cuda(message) : string_view();
    if (!of_device.empty()) throw DeviceError(text("the GPU failed: ", of_device));
    throw MachineError(text(what, " failed: ", cause_alone(message)));
}

}  // namespace

void rethrow_as_ours(const std::string& what, std::size_t images, bool on_gpu) {
    try {
        throw;
    } catch (const Error&) {
        throw;
    } catch (const c10::OutOfMemoryError&) {
        throw_no_memory(images, on_gpu);
    } catch (const c10::Error& error) {
        throw_as_ours(what, error.what_without_backtrace(), images, on_gpu);
    } catch (const std::runtime_error& error) {  // TorchScript's interpreter
        throw_as_ours(what, error.what(), images, on_gpu);
    }
}

}  // namespace tundish
