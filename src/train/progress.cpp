#include "tundish/train/progress.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr double kPause = 1.0;          // seconds between two lines
constexpr double kPauseUnknown = 10.0;  // the same when there are no tenths of an epoch to count

}  // namespace

Progress::Progress(std::int64_t epoch, std::int64_t images, Clock clock, Print print)
    : epoch_(epoch),
      images_(images),
      clock_(std::move(clock)),
      print_(std::move(print)),
      start_(clock_()),
      last_line_(start_) {}

void Progress::add(std::int64_t images) {
    done_ += images;
    const double now = clock_();
    if (!due(now)) return;
    print_(line(now - start_));
    last_line_ = now;
    last_tenths_ = tenths();
}

bool Progress::due(double now) const {
    if (images_ <= 0) return now - last_line_ >= kPauseUnknown;
    return now - last_line_ >= kPause && tenths() > last_tenths_ && done_ < images_;
}

std::string Progress::line(double elapsed) const {
    const double rate = static_cast<double>(done_) / elapsed;  // due() has waited: elapsed > 0
    if (images_ <= 0) return text("epoch ", epoch_, ": ", done_, " images, ", fixed(rate, 1), " images/s");
    const double left = static_cast<double>(images_ - done_) / rate;
    const double until_limit = std::max(0.0, limit_ - elapsed);
    return text("epoch ", epoch_, ": ", done_ * 100 / images_, " %, ", done_, " of ", images_, " images, ",
                fixed(rate, 1), " images/s, ", human_seconds(std::min(left, until_limit)),
                until_limit < left ? " left of max_train_seconds" : " left");
}

double Progress::monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Progress::to_log(const std::string& line) {
    log_info(line);
}

}  // namespace tundish
