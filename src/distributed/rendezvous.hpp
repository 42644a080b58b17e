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

/// Leaves `words` under `key` for all ranks. Throws c10d's exceptions when the store is gone.
void put_words(c10d::TCPStore& store, const std::string& key, const std::string& words);

/// What a rank left under `key`; waits for it as long as the store's own limit says.
std::string words_at(c10d::TCPStore& store, const std::string& key);

/// Says that this rank is there and waits for the others. Throws ConfigError when they make another world than this
/// one.
void meet(const ClusterOptions& options, c10d::TCPStore& store);

}  // namespace tundish
