#pragma once

#include <memory>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "peer_watch.hpp"
#include "rendezvous.hpp"
#include "tundish/distributed/communicator.hpp"

namespace tundish {

/// Ranks that talk through one of c10d's backends.
class GroupCommunicator final : public Communicator {
  public:
    GroupCommunicator(const ClusterOptions& options, Store store, std::unique_ptr<PeerWatch> watch,
                      c10::intrusive_ptr<c10d::Backend> backend);
    /// Leaves the backend behind when it does not end within seconds: it may wait for a lost peer, and the process ends
    /// next.
    ~GroupCommunicator() override;

    [[nodiscard]] int rank() const override { return options_.rank; }
    [[nodiscard]] int size() const override { return options_.size(); }
    [[nodiscard]] int ranks_per_host() const override { return options_.ranks_per_host; }
    void all_reduce_sum(const std::vector<at::Tensor>& tensors) override;
    std::unique_ptr<PendingSum> start_sum(const at::Tensor& flat) override;
    void broadcast(const std::vector<at::Tensor>& tensors) override;
    bool any(bool value) override;
    void leave() override;
    void report_failure(const std::string& why) noexcept override;
    void report_stop() noexcept override;

  private:
    class Sum;

    template <typename Call>
    void together(const char* what, const Call& call);
    template <typename Call>
    void for_each_dtype(const char* what, const std::vector<at::Tensor>& tensors, const Call& call);

    ClusterOptions options_;
    Store store_;
    c10::intrusive_ptr<c10d::Backend> backend_;
    std::unique_ptr<PeerWatch> watch_;
};

}  // namespace tundish
