#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "rendezvous.hpp"

namespace tundish {

/// A thread with its own connection to the store: gives a sign of life every second, and looks for those of the others
/// and for what they report about their end.
class PeerWatch {
  public:
    explicit PeerWatch(const ClusterOptions& options);
    ~PeerWatch();

    /// A connection broke: from now on a peer is lost after four silent seconds. Returns why, as soon as that is known;
    /// empty when nobody is missed. Any thread.
    [[nodiscard]] std::string reason_of_break();

    /// From now on nobody is missed.
    void stop();

  private:
    void run();
    [[nodiscard]] std::chrono::seconds silence_limit();
    [[nodiscard]] std::string look_around(std::chrono::seconds limit);
    [[nodiscard]] bool pause(std::chrono::milliseconds duration);

    ClusterOptions options_;
    Store store_;
    struct Sign {
        std::int64_t count = 0;
        std::chrono::steady_clock::time_point seen;
    };
    std::vector<Sign> signs_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::chrono::seconds silence_limit_;
    std::string reason_;
    std::thread thread_;
};

/// The store's key under which `rank` says why it ends.
std::string failure_key(int rank);

}  // namespace tundish
