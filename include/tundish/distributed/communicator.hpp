#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace tundish {

/// What the ranks of a job say to each other. All ranks make the same calls in the same order. One thread.
/// One is a valid world: the trainer has no second loop for it.
class Communicator {
  public:
    Communicator() = default;
    Communicator(const Communicator&) = delete;
    Communicator& operator=(const Communicator&) = delete;
    virtual ~Communicator() = default;

    [[nodiscard]] virtual int rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;

    /// Replaces every tensor by its sum over all ranks.
    virtual void all_reduce_sum(const std::vector<at::Tensor>& tensors) = 0;

    /// True on every rank if it is true on one.
    virtual bool any(bool value) = 0;
};

/// The world of one rank.
class SoloCommunicator final : public Communicator {
  public:
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    void all_reduce_sum(const std::vector<at::Tensor>& /*tensors*/) override {}
    bool any(bool value) override { return value; }
};

}  // namespace tundish
