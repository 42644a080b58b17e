#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace tundish {

/// What the ranks of a job say to each other. All ranks make the same calls in the same order. One thread.
/// One is a valid world: the trainer has no second loop for it. Every call throws MachineError that names the peer and
/// the reason when a peer is lost.
class Communicator {
  public:
    Communicator() = default;
    Communicator(const Communicator&) = delete;
    Communicator& operator=(const Communicator&) = delete;
    virtual ~Communicator() = default;

    [[nodiscard]] virtual int rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;

    /// Replaces every tensor by its sum over all ranks. Equal bit for bit on all ranks afterwards.
    virtual void all_reduce_sum(const std::vector<at::Tensor>& tensors) = 0;

    /// Replaces every tensor by rank 0's.
    virtual void broadcast(const std::vector<at::Tensor>& tensors) = 0;

    /// True on every rank if it is true on one.
    virtual bool any(bool value) = 0;

    /// Waits for all ranks; afterwards the end of one is no loss to the others. The last call.
    virtual void leave() = 0;

    /// Tells the others, as well as it still can, that this rank ends and why. Never throws.
    virtual void report_failure(const std::string& why) noexcept = 0;
};

/// The world of one rank.
class SoloCommunicator final : public Communicator {
  public:
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    void all_reduce_sum(const std::vector<at::Tensor>& /*tensors*/) override {}
    void broadcast(const std::vector<at::Tensor>& /*tensors*/) override {}
    bool any(bool value) override { return value; }
    void leave() override {}
    void report_failure(const std::string& /*why*/) noexcept override {}
};

}  // namespace tundish
