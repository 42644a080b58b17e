#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tundish/data/image.hpp"

namespace tundish {

/// What a caller has to know of a model to use it.
struct ClassifierFacts {
    ImageShape input;                      ///< of the images that it takes
    std::vector<std::string> class_names;  ///< in the order of the probabilities
    std::string architecture;              ///< "airbench"; empty for somebody else's TorchScript
    std::string precision = "fp32";        ///< of its arithmetic
    std::string engine;                    ///< one sentence for the log: what computes, and why
};

/// A model that is ready to answer: batches of images in, class probabilities out. No Torch in its interface.
class Classifier {
  public:
    virtual ~Classifier() = default;

    [[nodiscard]] virtual const ClassifierFacts& facts() const = 0;

    /// `pixels`: `images` of the model's shape in planar order (image, channel, row, column), 0..255. Writes images x
    /// classes probabilities. Any thread, several at once; each thread keeps working memory of its own. Throws
    /// MachineError when the model fails, std::bad_alloc.
    virtual void classify(const float* pixels, std::size_t images, float* probabilities) const = 0;
};

struct ClassifierOptions {
    int threads = 1;                 ///< of each call to classify()
    std::size_t largest_batch = 64;  ///< no call has more images
};

/// Loads the artifact in `folder`: our own engine where it knows the architecture and agrees with model.pt, model.pt
/// itself otherwise. One real forward pass has been run on return. Throws ArtifactError naming what is wrong with
/// `folder`.
std::unique_ptr<Classifier> load_classifier(const std::filesystem::path& folder, const ClassifierOptions& options);

}  // namespace tundish
