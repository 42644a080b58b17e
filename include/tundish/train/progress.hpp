#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace tundish {

/// Tells people who watch a long epoch how far it is: at most one line a second and one per 10 % of the epoch, none in
/// its first second and none at its end, where the metric lines follow. When the size of the epoch is not known (a
/// first pass over a pipe) one line each 10 s, without the time left. One thread.
///
///     epoch 3: 40 %, 20000 of 50000 images, 1834.2 images/s, 16 s left
class Progress {
  public:
    using Clock = std::function<double()>;  ///< seconds, from any zero, never backwards
    using Print = std::function<void(const std::string&)>;

    /// The epoch begins now. `images`: in the whole epoch, 0 when not known.
    Progress(std::int64_t epoch, std::int64_t images, Clock clock = monotonic_seconds, Print print = to_log);

    /// Training ends `seconds` after the epoch's begin, whatever is left to do then (max_train_seconds).
    void ends_after(double seconds) { limit_ = seconds; }

    /// `images` more have been trained on.
    void add(std::int64_t images);

    static double monotonic_seconds();
    static void to_log(const std::string& line);  ///< log_info()

  private:
    [[nodiscard]] bool due(double now) const;
    [[nodiscard]] std::int64_t tenths() const { return images_ > 0 ? done_ * 10 / images_ : 0; }
    [[nodiscard]] std::string line(double elapsed) const;

    std::int64_t epoch_;
    std::int64_t images_;
    Clock clock_;
    Print print_;
    double limit_ = std::numeric_limits<double>::infinity();
    double start_;
    double last_line_;
    std::int64_t last_tenths_ = 0;
    std::int64_t done_ = 0;
};

}  // namespace tundish
