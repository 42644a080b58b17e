#pragma once

#include "tundish/model/classifier.hpp"
#include "tundish/model/predictor.hpp"

namespace tundish {

/// Answers with model.pt, as it is or frozen, through TorchScript.
class ScriptClassifier : public Classifier {
  public:
    ScriptClassifier(std::unique_ptr<Predictor> predictor, const ClassifierOptions& options, std::string why);

    [[nodiscard]] const ClassifierFacts& facts() const override { return facts_; }
    void classify(const float* pixels, std::size_t images, float* probabilities) const override;

    [[nodiscard]] const Predictor& predictor() const { return *predictor_; }

  private:
    std::unique_ptr<Predictor> predictor_;
    ClassifierFacts facts_;
    int threads_;
};

/// The facts that config.json tells.
ClassifierFacts facts_of(const ModelConfig& config);

/// Rows of `classes` logits become probabilities, in place.
void softmax_rows(float* rows, std::size_t count, std::size_t classes);

}  // namespace tundish
