#include "tundish/train/evaluator.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/model/augmentation.hpp"

namespace tundish {
namespace {

// 500 CIFAR images: activations of one layer stay near the caches, and memory stays small for larger images.
std::int64_t evaluation_batch(const at::Tensor& pixels) {
    constexpr std::int64_t kPixels = 500 * 32 * 32 * 3;
    return std::clamp<std::int64_t>(kPixels / std::max<std::int64_t>(1, pixels.stride(0)), 1, 2000);
}

// Six views (airbench94_muon, performance.md §1.3): half the mean over {image, mirror}, half the mean over the two
// diagonal shifts of both.
at::Tensor augmented_logits(const Network& network, const at::Tensor& images, const at::Tensor& plain,
                            const ForwardMode& mode) {
    const auto pair = [&](const at::Tensor& view) {
        return network.forward(view, mode) + network.forward(view.flip({3}), mode);
    };
    const auto unshifted = plain + network.forward(images.flip({3}), mode);
    const auto diagonal = pair(shifted(images, -1, -1)) + pair(shifted(images, 1, 1));
    return 0.5 * (unshifted / 2.0) + 0.5 * (diagonal / 4.0);
}

// Running sums on the device; read once at the end.
class Sums {
  public:
    Sums(const EvaluationOptions& options, std::int64_t classes, at::Device device)
        : options_(options),
          classes_(classes),
          values_(at::zeros({6}, at::TensorOptions(at::kDouble).device(device))),
          confusion_(
              at::zeros({options.confusion ? classes * classes : 0}, at::TensorOptions(at::kLong).device(device))) {}

    void add(const at::Tensor& logits, const at::Tensor& labels) {
        const auto predicted = logits.argmax(1);
        values_[0] += at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum);
        values_[1] += predicted.eq(labels).sum();
        values_[2] += labels.numel();
        if (options_.top_k > 0) values_[3] += top_k_hits(logits, labels);
        if (options_.confusion) confusion_ += at::bincount(labels * classes_ + predicted, {}, classes_ * classes_);
    }

    void add_augmented(const at::Tensor& logits, const at::Tensor& labels) {
        values_[4] += logits.argmax(1).eq(labels).sum();
    }

    // This rank was asked to stop. It still meets the others in finish(): one that left alone would leave them waiting.
    void cut_short() { values_[5] = 1; }

    Evaluation finish(Communicator& communicator) {
        communicator.all_reduce_sum({values_, confusion_});
        const auto host = values_.to(at::kCPU);
        const auto* sums = host.const_data_ptr<double>();
        if (sums[5] > 0.0) throw Stopped("evaluation");
        const double samples = std::max(1.0, sums[2]);
        Evaluation evaluation;
        evaluation.loss = sums[0] / samples;
        evaluation.accuracy = sums[1] / samples;
        evaluation.samples = static_cast<std::int64_t>(sums[2]);
        if (options_.top_k > 0) evaluation.top_k_accuracy = sums[3] / samples;
        if (options_.test_time_augmentation) evaluation.accuracy_tta = sums[4] / samples;
        if (options_.confusion) evaluation.confusion = matrix();
        return evaluation;
    }

  private:
    [[nodiscard]] at::Tensor top_k_hits(const at::Tensor& logits, const at::Tensor& labels) const {
        const auto best = std::get<1>(logits.topk(std::min<std::int64_t>(options_.top_k, classes_), 1));
        return best.eq(labels.unsqueeze(1)).sum();
    }

    [[nodiscard]] std::vector<std::vector<std::int64_t>> matrix() const {
        const auto host = confusion_.to(at::kCPU);
        const auto* counts = host.const_data_ptr<std::int64_t>();
        std::vector<std::vector<std::int64_t>> rows;
        for (std::int64_t row = 0; row < classes_; ++row)
            rows.emplace_back(counts + row * classes_, counts + (row + 1) * classes_);
        return rows;
    }

    EvaluationOptions options_;
    std::int64_t classes_;
    at::Tensor
        values_;  // loss, correct, samples, top-k correct, correct with test-time augmentation, ranks that left early
    at::Tensor confusion_;
};

}  // namespace

Evaluation evaluate(const Network& network, const Preprocess& preprocess, const at::Tensor& pixels,
                    const at::Tensor& labels, const EvaluationOptions& options, Communicator& communicator) {
    const at::NoGradGuard no_grad;
    const ForwardMode mode{.training = false, .compute = options.compute, .dropout_source = {}};
    Sums sums(options, network.architecture().classes, network.device());
    const std::int64_t batch = evaluation_batch(pixels);
    for (std::int64_t begin = 0; begin < pixels.size(0); begin += batch) {
        if (stop_requested()) {
            sums.cut_short();
            break;
        }
        const std::int64_t count = std::min(batch, pixels.size(0) - begin);
        const auto images = normalise(pixels.narrow(0, begin, count).to(network.device()), preprocess);
        const auto wanted = labels.narrow(0, begin, count).to(network.device());
        const auto logits = network.forward(images, mode);
        sums.add(logits, wanted);
        if (options.test_time_augmentation) sums.add_augmented(augmented_logits(network, images, logits, mode), wanted);
    }
    return sums.finish(communicator);
}

}  // namespace tundish
