#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "tundish/distributed/cluster.hpp"

namespace tundish {

using Store = c10::intrusive_ptr<c10d::TCPStore>;

/// "algo-2 (rank 3)".
std::string name_of(const ClusterOptions& options, int rank);

/// Waits until hosts[0] has a name, and connects to the store there; rank 0 opens it first.
Store open_store(const ClusterOptions& options);

/// Another connection to the store that open_store() found: one connection serves one thread.
Store open_second_connection(const ClusterOptions& options);

/// Says that this rank is there and waits for the others. Throws ConfigError when they make another world than this
/// one.
void meet(const ClusterOptions& options, c10d::TCPStore& store);

}  // namespace tundish
