#include "tundish/train/lr_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tundish {
namespace {

double between(double from, double to, double progress) {
    return from + (to - from) * std::clamp(progress, 0.0, 1.0);
}

double step_factor(const LrSchedule& schedule, std::int64_t step) {
    const auto reached = std::count_if(schedule.milestones.begin(), schedule.milestones.end(),
                                       [&](std::int64_t milestone) { return step >= milestone; });
    return std::pow(schedule.milestone_factor, static_cast<double>(reached));
}

// A warm-up is the rising side already.
double triangle_factor(const LrSchedule& schedule, double progress) {
    if (schedule.warmup_steps > 0) return between(1.0, schedule.end, progress);
    if (progress < schedule.peak_at) return between(schedule.start, 1.0, progress / schedule.peak_at);
    return between(1.0, schedule.end, (progress - schedule.peak_at) / (1.0 - schedule.peak_at));
}

}  // namespace

double LrSchedule::factor(std::int64_t step) const {
    if (step < warmup_steps) return static_cast<double>(step + 1) / static_cast<double>(warmup_steps + 1);
    const double course = static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps));
    const double progress = static_cast<double>(step - warmup_steps) / course;
    switch (kind) {
        case ScheduleKind::constant:
            return 1.0;
        case ScheduleKind::step:
            return step_factor(*this, step);
        case ScheduleKind::cosine:
            return 0.5 * (1.0 + std::cos(std::numbers::pi * std::clamp(progress, 0.0, 1.0)));
        case ScheduleKind::triangle:
            return triangle_factor(*this, progress);
        case ScheduleKind::linear:
            return std::max(0.0, 1.0 - progress);
    }
    return 1.0;
}

}  // namespace tundish
