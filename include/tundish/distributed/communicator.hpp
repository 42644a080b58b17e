#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace tundish {

/// A sum over all ranks that is under way. Its tensor belongs to it until wait() has returned.
class PendingSum {
  public:
    PendingSum() = default;
    PendingSum(const PendingSum&) = delete;
    PendingSum& operator=(const PendingSum&) = delete;
    virtual ~PendingSum() = default;

    /// Until the tensor holds the sum. Throws as the calls of Communicator do.
    virtual void wait() = 0;
};

/// What the ranks of a job say to each other. All ranks make the same calls in the same order. One thread.
/// One is a valid world: the trainer has no second loop for it. Every call throws MachineError that names the peer and
/// the reason when a peer is lost, and Stopped when a peer has ended on request. A rank that is asked to stop asks all
/// others within a second or two (stop_requested()).
class Communicator {
  public:
    Communicator() = default;
    Communicator(const Communicator&) = delete;
    Communicator& operator=(const Communicator&) = delete;
    virtual ~Communicator() = default;

    [[nodiscard]] virtual int rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;

    /// Ranks of a host stand in a row, the same number on each.
    [[nodiscard]] virtual int ranks_per_host() const = 0;

    /// Replaces every tensor by its sum over all ranks. Equal bit for bit on all ranks afterwards.
    virtual void all_reduce_sum(const std::vector<at::Tensor>& tensors) = 0;

    /// Begins to replace a contiguous tensor by its sum over all ranks, as all_reduce_sum() does. Several may be under
    /// way; all ranks begin them in the same order.
    virtual std::unique_ptr<PendingSum> start_sum(const at::Tensor& flat) = 0;

    /// Replaces every tensor by rank 0's.
    virtual void broadcast(const std::vector<at::Tensor>& tensors) = 0;

    /// True on every rank if it is true on one.
    virtual bool any(bool value) = 0;

    /// Waits for all ranks; afterwards the end of one is no loss to the others. The last call.
    virtual void leave() = 0;

    /// Tells the others, as well as it still can, that this rank ends and why. Never throws.
    virtual void report_failure(const std::string& why) noexcept = 0;

    /// Tells the others, likewise, that this rank ends on request, outside the steps in which all agree to: they stop
    /// too.
    virtual void report_stop() noexcept = 0;
};

/// The world of one rank.
class SoloCommunicator final : public Communicator {
  public:
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    [[nodiscard]] int ranks_per_host() const override { return 1; }
    void all_reduce_sum(const std::vector<at::Tensor>& /*tensors*/) override {}
    std::unique_ptr<PendingSum> start_sum(const at::Tensor& /*flat*/) override { return std::make_unique<Done>(); }
    void broadcast(const std::vector<at::Tensor>& /*tensors*/) override {}
    bool any(bool value) override { return value; }
    void leave() override {}
    void report_failure(const std::string& /*why*/) noexcept override {}
    void report_stop() noexcept override {}

  private:
    class Done final : public PendingSum {
      public:
        void wait() override {}
    };
};

}  // namespace tundish
