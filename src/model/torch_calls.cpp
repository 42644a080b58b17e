#include "torch_calls.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>

#include <algorithm>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/artifact.hpp"

namespace tundish {

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

}  // namespace tundish
