#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tundish/model/architecture.hpp"
#include "tundish/model/prepared_conv3x3.hpp"

namespace tundish {

/// What a network needs to know of the pixels it was trained on, in units of pixels (0..255).
struct PixelScale {
    std::vector<float> mean;  ///< one a channel
    std::vector<float> std;   ///< likewise
};

/// The values of a parameter or buffer by its name in state_dict ("group1.conv1.weight"), row-major in torch's order
/// of axes; throws if there is none of that name.
using WeightsByName = std::function<std::span<const float>(const std::string&)>;

/// A network made ready for serving on the CPU with our own kernels, in fp32 or with the products of its 3x3
/// convolutions in bfloat16: normalisation of the pixels and batch norm folded into convolutions, weights relaid once,
/// bias and activation computed while results are in registers.
class InferencePlan {
  public:
    /// Memory between layers. Each thread that runs a plan has its own; it grows to the largest batch and is kept.
    class Workspace {
      public:
        Workspace();
        ~Workspace();

      private:
        friend class InferencePlan;
        struct Buffers;
        std::unique_ptr<Buffers> buffers_;
    };

    /// Nothing when the architecture has a layer that this engine does not know, or the machine lacks AVX2 (for bf16
    /// AMX): use model.pt then. Batches have at most `largest_batch` images. Throws what `weights` throws, and
    /// std::bad_alloc.
    static std::optional<InferencePlan> compile(const Architecture& architecture, const PixelScale& scale,
                                                const WeightsByName& weights, std::int64_t largest_batch,
                                                Products products = Products::fp32);

    InferencePlan(InferencePlan&&) noexcept;
    ~InferencePlan();

    /// `pixels`: batch images in planar order, 0..255. Writes batch x classes logits. Uses up to `threads` OpenMP
    /// threads. May be called from several threads, each with a workspace of its own. Throws std::bad_alloc.
    void run(const float* pixels, std::int64_t batch, float* logits, int threads, Workspace& workspace) const;

  private:
    struct Steps;
    void run_part(const float* pixels, std::int64_t batch, float* logits, int threads, Workspace& workspace) const;
    explicit InferencePlan(std::unique_ptr<Steps> steps);
    std::unique_ptr<Steps> steps_;
};

}  // namespace tundish
