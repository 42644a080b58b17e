#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tundish/distributed/communicator.hpp"

namespace tundish {

/// The ranks of a job, one for each host, and how they find each other.
struct ClusterOptions {
    std::vector<std::string> hosts{"algo-1"};  ///< in the order of ranks
    int rank = 0;                              ///< this host's place in `hosts`
    std::string network_interface;             ///< where to talk; one that does not exist is passed over with a warning
    int port = 7777;                           ///< of the store on hosts[0]; SageMaker's own launchers use this number
    std::chrono::seconds arrival_limit{15 * 60};  ///< for names to resolve and all hosts to come
    std::chrono::seconds silence_limit{15};       ///< a peer that gives no sign of life for so long is lost
    /// Called, on another thread, when a peer is lost and the rank has not noticed for three seconds more. Must end the
    /// process.
    std::function<void(const std::string& reason)> on_loss;
};

/// Meets the other hosts and returns when all have come; with one host at once. Throws MachineError naming the hosts
/// that did not come, and Stopped.
std::unique_ptr<Communicator> join_cluster(const ClusterOptions& options);

}  // namespace tundish
