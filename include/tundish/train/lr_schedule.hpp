#pragma once

#include <cstdint>
#include <vector>

#include "tundish/train/options.hpp"

namespace tundish {

/// How a learning rate moves over the steps of a job; a pure function of the step, so that a resumed job continues
/// exactly.
struct LrSchedule {
    ScheduleKind kind = ScheduleKind::constant;
    std::int64_t total_steps = 1;
    std::int64_t warmup_steps = 0;           ///< linear from near 0 to 1; the kind's own course follows
    std::vector<std::int64_t> milestones{};  ///< step: the factor is applied once for each that was reached
    double milestone_factor = 0.1;
    double peak_at = 0.23;  ///< triangle: fraction of the steps at which it peaks (airbench94)
    double start = 0.2;     ///< triangle: factor at step 0; after a warm-up it begins at its peak instead
    double end = 0.07;      ///< triangle: factor at the last step

    /// Multiplies the peak learning rate in step `step` (from 0). 0 from total_steps on for linear and cosine.
    [[nodiscard]] double factor(std::int64_t step) const;
};

}  // namespace tundish
