#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tundish/base/error.hpp"
#include "tundish/data/image.hpp"

namespace tundish {

/// What a caller has to know of a model to use it.
struct ClassifierFacts {
    ImageShape input;                      ///< of the images that it takes
    std::optional<int> resize_short_side;  ///< as ModelConfig has it
    std::vector<std::string> class_names;  ///< in the order of the probabilities
    std::string architecture;              ///< "airbench"; empty for somebody else's TorchScript
    std::string precision = "fp32";        ///< of its arithmetic
    std::string engine;                    ///< one sentence for the log: what computes, and why
    bool only_arithmetic = false;          ///< classify() runs nothing but our own loops: it is sure to end
    bool on_gpu = false;                   ///< one device computes for all threads, and many images best at once
};

/// The GPU has failed, and every later call in this process will: only a new process helps.
class DeviceError : public MachineError {
  public:
    using MachineError::MachineError;
};

/// There is no memory for so many images at once; for fewer there may be.
class MemoryError : public MachineError {
  public:
    using MachineError::MachineError;
};

/// A model that is ready to answer: batches of images in, class probabilities out. No Torch in its interface.
class Classifier {
  public:
    virtual ~Classifier() = default;

    [[nodiscard]] virtual const ClassifierFacts& facts() const = 0;

    /// `pixels`: `images` of the model's shape in planar order (image, channel, row, column), 0..255. Writes images x
    /// classes probabilities. Any thread, several at once; each thread keeps working memory of its own. Throws
    /// MachineError when the model fails, DeviceError when that is for good, MemoryError and std::bad_alloc when fewer
    /// images may succeed.
    virtual void classify(const float* pixels, std::size_t images, float* probabilities) const = 0;
};

/// What a served network computes in. `automatic`: on GPUs bfloat16 or half, whichever the GPU is made for; on CPUs
/// with AMX bfloat16 (by LibTorch only where that is faster than our engine); else float32. The narrow ones only where
/// their answers agree with float32's.
enum class Arithmetic { automatic, fp32, bf16, fp16 };

struct ClassifierOptions {
    int threads = 1;                 ///< of each call to classify()
    std::size_t largest_batch = 64;  ///< no call has more images
    Arithmetic arithmetic = Arithmetic::automatic;
};

/// Loads the artifact in `folder`. A network of ours runs on the GPU if there is one, in the arithmetic that was asked
/// for; on the CPU in our own engine where that knows its layers. Whatever is to answer must agree with model.pt in
/// float32 on test images: within 0.001 in every probability for float32, 0.02 for bfloat16 and half. Otherwise, and
/// for networks that are not ours, model.pt itself answers: of those frozen, if it then answers the same. One real
/// forward pass has been run on return. Throws ArtifactError naming what is wrong with `folder`, also where config.json
/// says probabilities and model.pt answers the test images with something else.
std::unique_ptr<Classifier> load_classifier(const std::filesystem::path& folder, const ClassifierOptions& options);

}  // namespace tundish
