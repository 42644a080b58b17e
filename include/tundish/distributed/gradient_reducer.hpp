#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tundish/distributed/communicator.hpp"

namespace tundish {

struct ReducerOptions {
    bool overlap = true;  ///< send while the backward pass goes on; else all of it afterwards
    std::optional<at::ScalarType>
        wire_dtype{};               ///< what travels: kHalf or kBFloat16 halves the bytes; nothing: as it is
    std::int64_t bucket_bytes = 0;  ///< 0: a quarter of all gradients, between 1 and 25 MiB
};

/// Sums the gradients of all ranks, a bucket of parameters at a time, each as soon as the backward pass has filled it.
/// Buckets follow the order in which backward passes fill them, last parameters first, and leave in that order on all
/// ranks. In a world of one it does nothing. One thread, and autograd's during backward().
///
/// Hooks on the parameters call it until its end; the parameters must have no gradient when backward() begins.
class GradientReducer {
  public:
    /// `parameters` in the order of the forward pass, equal in shape and kind on all ranks.
    GradientReducer(Communicator& communicator, std::vector<at::Tensor> parameters, const ReducerOptions& options = {});
    GradientReducer(const GradientReducer&) = delete;
    GradientReducer& operator=(const GradientReducer&) = delete;
    ~GradientReducer();

    /// Before backward(). The parameters that want a gradient now take part, the same on all ranks. `also`, a
    /// contiguous tensor that is the reducer's until finish(), travels at once, so that the backward pass hides its
    /// way. Throws as Communicator does.
    void begin(const at::Tensor& also);

    /// After backward(), or without one on a rank that had no samples: replaces the parameters' gradients and `also` by
    /// their sums over all ranks. Returns the gradients. Throws as Communicator does.
    std::vector<at::Tensor> finish();

  private:
    class Buckets;
    struct Hook;

    std::vector<at::Tensor> parameters_;
    std::unique_ptr<Buckets> buckets_;  ///< nothing in a world of one
};

}  // namespace tundish
