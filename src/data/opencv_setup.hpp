#pragma once

namespace tundish {

/// Tells OpenCV, once, to stay in the calling thread (our workers are the parallelism) and to keep its own
/// log lines to itself. Every function that calls OpenCV calls this first. Any thread.
void set_up_opencv();

}  // namespace tundish
