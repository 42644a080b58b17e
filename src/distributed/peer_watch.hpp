#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "rendezvous.hpp"

namespace tundish {

/// A thread with its own connection to the store: gives a sign of life every second, and looks for those of the others
/// and for what they report about their end. A request to stop goes from one rank to all.
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
    void spread_stop();
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
    bool stop_spread_ = false;  ///< this rank and the others know of each other's request to stop
    std::chrono::seconds silence_limit_;
    std::string reason_;
    std::thread thread_;
};

/// The store's key under which a rank that was asked to stop leaves its number.
constexpr const char* kStopKey = "stop";

/// The store's key under which `rank` says why it ends.
std::string failure_key(int rank);

}  // namespace tundish
