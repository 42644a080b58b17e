#pragma once

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/next_port.hpp"
#include "tundish/base/error.hpp"
#include "tundish/distributed/cluster.hpp"

namespace tundish::testing {

/// A check on a rank's thread, where Catch2's own are not safe: throws, which as_ranks() hands on.
inline void expect(bool condition, const std::string& what) {
    if (!condition) throw std::logic_error("expected: " + what);
}

/// Runs `work` once for each rank of a world of `size`, side by side on threads of this process that talk over
/// loopback. Rethrows what one of them throws, an expect() before what its peers say about its end.
inline void as_ranks(int size, const std::function<void(Communicator&)>& work, ClusterOptions options = {}) {
    options.hosts.clear();
    options.network_interface = "lo";
    options.port = next_port();
    for (int rank = 0; rank < size; ++rank) options.hosts.push_back("127.0.0." + std::to_string(rank + 1));
    std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(size));
    std::vector<std::exception_ptr> lost(static_cast<std::size_t>(size));
    const auto run = [&](int rank) {
        try {
            ClusterOptions own = options;
            own.rank = rank;
            const auto communicator = join_cluster(own);
            work(*communicator);
            communicator->leave();
        } catch (const MachineError&) {
            lost[static_cast<std::size_t>(rank)] = std::current_exception();
        } catch (...) {
            thrown[static_cast<std::size_t>(rank)] = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) threads.emplace_back(run, rank);
    for (auto& thread : threads) thread.join();
    thrown.insert(thrown.end(), lost.begin(), lost.end());
    for (const auto& error : thrown) {
        if (error) std::rethrow_exception(error);
    }
}

}  // namespace tundish::testing
