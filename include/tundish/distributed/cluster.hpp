#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tundish/distributed/communicator.hpp"

namespace tundish {

/// The ranks of a job and how they find each other. The ranks of a host follow one another, in the order of `hosts`.
struct ClusterOptions {
    std::vector<std::string> hosts{"algo-1"};
    int ranks_per_host = 1;          ///< the same on all hosts; join_cluster() compares
    int rank = 0;                    ///< this process's
    c10::Device device = c10::kCPU;  ///< where this rank's tensors lie
    std::string network_interface;   ///< where to talk; one that does not exist is passed over with a warning
    int port = 7777;                 ///< of the store on hosts[0]; SageMaker's own launchers use this number
    std::chrono::seconds arrival_limit{15 * 60};  ///< for names to resolve and all hosts to come
    std::chrono::seconds connect_limit{120};      ///< for the ranks to connect to each other once all have come
    std::chrono::seconds silence_limit{12};       ///< a peer that gives no sign of life for so long is lost
    std::chrono::seconds note_interval{30};       ///< between two lines about who is waited for; 4 s or more
    /// Called, on another thread, when a peer is lost and the rank has not noticed for three seconds more. Must end the
    /// process.
    std::function<void(const std::string& reason)> on_loss;
    /// Called, on another thread, when a stop was asked for four seconds ago and the rank is still in the meeting: a
    /// call to a host that stands still cannot be broken off. Must end the process.
    std::function<void()> on_stop;

    /// The number of ranks in the job.
    [[nodiscard]] int size() const { return static_cast<int>(hosts.size()) * ranks_per_host; }
    /// The host that `rank_of_job` runs on.
    [[nodiscard]] const std::string& host_of(int rank_of_job) const {
        return hosts.at(static_cast<std::size_t>(rank_of_job / ranks_per_host));
    }
};

/// How long rank 0 keeps its store for the others, which look into it once a second, before it ends early.
constexpr std::chrono::milliseconds kTimeToRead{2000};

/// Meets the other ranks and returns when all have come; alone at once. Throws PeerError naming those that did not
/// come, ConfigError when hosts have different numbers of ranks, and Stopped.
std::unique_ptr<Communicator> join_cluster(const ClusterOptions& options);

}  // namespace tundish
