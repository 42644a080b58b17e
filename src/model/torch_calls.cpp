#include "torch_calls.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>

#include <algorithm>
#include <string>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/classifier.hpp"

namespace tundish {

namespace {

// TorchScript's interpreter tells where it was, line by line, and what went wrong in the last one.
std::string cause_first(std::string_view message) {
    message = trim(message);
    const auto last = message.rfind('\n');
    if (last == std::string_view::npos) return std::string(message);
    return text(trim(message.substr(last + 1)), " (", trim(message.substr(0, last)), ')');
}

}  // namespace

WithoutOptimiser::WithoutOptimiser() : before_(torch::jit::getGraphExecutorOptimize()) {
    torch::jit::setGraphExecutorOptimize(false);
}

WithoutOptimiser::~WithoutOptimiser() {
    torch::jit::setGraphExecutorOptimize(before_);
}

// The number of OpenMP threads is a setting of each thread.
void use_threads(int threads) {
    thread_local int used = 0;
    if (used == threads) return;
    at::set_num_threads(threads);
    used = threads;
}

at::Tensor view_of(const float* pixels, std::size_t images, int channels, int height, int width) {
    // from_blob wants a pointer to non-const; nothing writes through it.
    auto* const data = const_cast<float*>(pixels);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    return at::from_blob(data, {static_cast<std::int64_t>(images), channels, height, width});
}

void copy_rows(const at::Tensor& output, std::size_t images, std::size_t classes, float* to) {
    const bool fits = output.dim() == 2 && output.size(0) == static_cast<std::int64_t>(images) &&
                      output.size(1) == static_cast<std::int64_t>(classes);
    if (!fits) {
        throw ArtifactError(text(kModelFile, " returned a tensor of shape ", output.sizes(), " for ", images,
                                 " images; expected [", images, ", ", classes, "]: is class_names in ", kConfigFile,
                                 " the right list?"));
    }
    const auto rows = output.to(at::TensorOptions(at::kCPU).dtype(at::kFloat)).contiguous();
    std::copy_n(rows.const_data_ptr<float>(), images * classes, to);
}

void rethrow_as_ours(const std::string& what, std::size_t images, bool on_gpu) {
    try {
        throw;
    } catch (const Error&) {
        throw;
    } catch (const c10::OutOfMemoryError&) {
        throw MachineError(text("the GPU has no memory for ", images,
                                " images at once. Lower SAGEMAKER_TS_BATCH_SIZE, or take an instance with more."));
    } catch (const c10::Error& error) {
        // After an error of its own a CUDA context answers every later call with one.
        if (on_gpu) throw DeviceError(text("the GPU failed: ", error.what_without_backtrace()));
        throw MachineError(text(what, " failed: ", cause_first(error.what_without_backtrace())));
    } catch (const std::runtime_error& error) {  // TorchScript's interpreter
        throw MachineError(text(what, " failed: ", cause_first(error.what())));
    }
}

}  // namespace tundish
