#pragma once

#include "tundish/model/classifier.hpp"
#include "tundish/model/network.hpp"
#include "tundish/model/preprocess.hpp"

namespace tundish {

/// Answers with a network of ours through ATen's operations: on a GPU, and in bfloat16 or half. Each thread has a
/// stream of its own on the GPU, so that workers overlap. The first layer of a network that whitens is computed in
/// float32 on every device, as in training.
class NetworkClassifier final : public Classifier {
  public:
    /// `network` lies where it is to run; `compute`: float, bfloat16 or half.
    NetworkClassifier(Network network, Preprocess preprocess, ClassifierFacts facts, at::ScalarType compute,
                      int threads);

    [[nodiscard]] const ClassifierFacts& facts() const override { return facts_; }
    void classify(const float* pixels, std::size_t images, float* probabilities) const override;

  private:
    [[nodiscard]] at::Tensor logits_of(const at::Tensor& pixels) const;

    Network network_;
    Preprocess preprocess_;
    ClassifierFacts facts_;
    at::ScalarType compute_;
    int threads_;
};

}  // namespace tundish
