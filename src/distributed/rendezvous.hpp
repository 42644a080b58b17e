#pragma once

#include <chrono>
#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "tundish/distributed/cluster.hpp"

namespace tundish {

using Store = c10::intrusive_ptr<c10d::TCPStore>;

/// The limit of waits that have none: PeerWatch finds what is lost, and a rank may read or write for long while the
/// others wait. c10d counts its milliseconds in an int, which ends after 24.8 days.
constexpr std::chrono::hours kLongestWait{24 * 24};

/// "algo-2 (rank 3)".
std::string name_of(const ClusterOptions& options, int rank);

/// Waits until hosts[0] has a name, and connects to the store there; rank 0 opens it first.
Store open_store(const ClusterOptions& options);

/// Another connection to the store that open_store() found: one connection serves one thread. Waits for what another
/// rank will put there take `limit` at most.
Store open_second_connection(const ClusterOptions& options, std::chrono::milliseconds limit = std::chrono::seconds(30));

/// Waits until `host` has an address: a container's own name may not have one at first. Throws PeerError and Stopped.
void wait_for_name(const ClusterOptions& options, const std::string& host);

/// Leaves `words` under `key` for all ranks. Throws c10d's exceptions when the store is gone.
void put_words(c10d::TCPStore& store, const std::string& key, const std::string& words);

/// put_words() of what all ranks should read soon: count_news() grows with it.
void put_news(c10d::TCPStore& store, const std::string& key, const std::string& words);

/// How often put_news() was called by any rank.
std::int64_t count_news(c10d::TCPStore& store);

/// put_news() as the last act of a rank: waits, in rank 0, until the others have had the time to read it, as the store
/// ends with that process. Never throws.
void leave_word(const ClusterOptions& options, c10d::TCPStore& store, const std::string& key,
                const std::string& words) noexcept;

/// What a rank left under `key`; waits for it as long as the store's own limit says.
std::string words_at(c10d::TCPStore& store, const std::string& key);

/// Says that this rank is there and waits for the others. Throws ConfigError when they make another world than this
/// one.
void meet(const ClusterOptions& options, c10d::TCPStore& store);

}  // namespace tundish
