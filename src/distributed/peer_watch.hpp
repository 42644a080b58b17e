#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "rendezvous.hpp"

namespace tundish {

/// Gives a sign of life every second over a connection to the store of its own, and looks for those of the others and
/// for what they report about their end. A rank is missed once it has given one. A store that stands still with rank 0
/// is noticed as well. A request to stop goes from one rank to all. Who waits long for the others says for whom. Ranks
/// that have come and cannot connect to each other are lost after ClusterOptions::connect_limit.
class PeerWatch {
  public:
    /// Begins with the meeting of the ranks, in which a stop that the rank does not notice ends the process
    /// (ClusterOptions::on_stop).
    explicit PeerWatch(const ClusterOptions& options);
    PeerWatch(const PeerWatch&) = delete;
    PeerWatch& operator=(const PeerWatch&) = delete;
    ~PeerWatch();

    /// All ranks have come and are connected.
    void end_meeting();

    /// A call in which the ranks wait for each other: all make the same ones in the same order. One thread.
    class Call {
      public:
        Call(PeerWatch& watch, const char* what);
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call();

      private:
        PeerWatch& watch_;
    };

    /// A connection broke: from now on a peer is lost after four silent seconds. Returns why, as soon as that is known;
    /// empty when nobody is missed. Any thread.
    [[nodiscard]] std::string reason_of_break();

    /// From now on nobody is missed.
    void stop();

  private:
    struct State;
    // Shared with the talking thread, which is left behind when the store never answers it.
    std::shared_ptr<State> state_;
    std::thread talk_;
    std::thread guard_;
};

/// The store's key under which a rank that was asked to stop leaves its number.
constexpr const char* kStopKey = "stop";

/// What a rank says that met the others in the store and then finds no way to them. `problem` without a full stop.
std::string cannot_connect(const ClusterOptions& options, const std::string& problem);

/// The store's key under which `rank` says why it ends.
std::string failure_key(int rank);

}  // namespace tundish
