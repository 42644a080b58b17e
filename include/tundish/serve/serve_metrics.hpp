#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tundish/serve/health.hpp"

namespace tundish {

/// The parts of answering a request that are timed.
enum class ServePhase { decode, queue, inference, encode };

/// What /metrics shows, in Prometheus' text format. Any thread.
class ServeMetrics {
  public:
    ServeMetrics();
    ~ServeMetrics();

    /// An answered request. `route`: "/invocations"; `type`: of its body, "" where it has none.
    void count_request(std::string_view route, int status, std::string_view type, double seconds);

    void observe(ServePhase phase, double seconds);
    void observe_batch(std::size_t images);

    /// Gauges that are read when they are asked for.
    struct Gauges {
        std::size_t requests_in_flight = 0;
        std::size_t requests_waiting = 0;  ///< of those: no worker has taken all of their images yet
        std::size_t images_waiting = 0;
        ServeState state = ServeState::starting;
        double uptime_seconds = 0;
    };

    /// The whole text: "# HELP …".
    [[nodiscard]] std::string text(const Gauges& gauges) const;

  private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace tundish
