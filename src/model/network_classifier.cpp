#include "network_classifier.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#ifdef TUNDISH_CUDA
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include "script_classifier.hpp"
#include "torch_calls.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/device.hpp"
#include "tundish/model/torch_failure.hpp"

namespace tundish {
namespace {

#ifdef TUNDISH_CUDA
// The calling thread's own stream, as the current one for the time of a call.
class OwnStream {
  public:
    explicit OwnStream(const at::Device& device) {
        if (!device.is_cuda()) return;
        thread_local const c10::cuda::CUDAStream stream =
            c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index());
        guard_.reset_stream(stream);
    }

  private:
    c10::cuda::OptionalCUDAStreamGuard guard_;
};
#else
struct OwnStream {
    explicit OwnStream(const at::Device& /*device*/) {}
};
#endif

}  // namespace

NetworkClassifier::NetworkClassifier(Network network, Preprocess preprocess, ClassifierFacts facts,
                                     at::ScalarType compute, int threads)
    : network_(std::move(network)),
      preprocess_(std::move(preprocess)),
      facts_(std::move(facts)),
      compute_(compute),
      threads_(threads) {
    facts_.precision = name_of(compute);
    facts_.on_gpu = network_.device().is_cuda();
    facts_.engine = text("LibTorch in ", facts_.precision, " on ", describe_device(network_.device()));
}

at::Tensor NetworkClassifier::logits_of(const at::Tensor& pixels) const {
    const c10::InferenceMode inference;
    const ForwardMode mode{.training = false, .compute = compute_, .reference = true, .dropout_source = {}};
    const bool on_gpu = network_.device().is_cuda();
    // From pinned memory the copy does not wait for the work of other threads.
    const auto there = on_gpu ? pixels.pin_memory().to(network_.device(), /*non_blocking=*/true) : pixels;
    return network_.forward(normalise(there, preprocess_), mode);
}

void NetworkClassifier::classify(const float* pixels, std::size_t images, float* probabilities) const {
    use_threads(threads_);
    const ImageShape& input = facts_.input;
    const std::size_t classes = facts_.class_names.size();
    try {
        const OwnStream stream(network_.device());
        const auto batch = view_of(pixels, images, input.channels, input.height, input.width);
        copy_rows(logits_of(batch), images, classes, probabilities);
    } catch (const std::exception&) {
        rethrow_as_ours("the network", images, network_.device().is_cuda());
    }
    softmax_rows(probabilities, images, classes);
}

}  // namespace tundish
