#pragma once

namespace tundish {

/// Seconds since the kernel started this process (exec), from /proc/self/stat, to a hundredth. 0 where /proc is
/// missing.
double process_age_seconds();

}  // namespace tundish
