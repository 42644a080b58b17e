#include "patient_wait.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>

namespace tundish {

PatientWait::Milliseconds PatientWait::step() {
    if (stop_requested()) throw Stopped(what_());
    const Milliseconds now = elapsed();
    if (now >= next_notice_) {
        log_info(said());
        next_notice_ = now + notice_interval_;
    }
    Milliseconds step = next_notice_ - now;
    if (deadline_.count() > 0) step = std::min(step, deadline_ - now);
    return std::max(step, Milliseconds{1});
}

std::string PatientWait::said() const {
    return text(what_(), " (", human_seconds(watch_.seconds()), ')');
}

}  // namespace tundish
