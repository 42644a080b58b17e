#pragma once

#include "tundish/serve/endpoint.hpp"

namespace tundish {

/// Serves until a stop is requested: opens the port, loads the model, answers, drains. A model that cannot be loaded
/// does not end it: /ping says why. False when requests were cut off because they did not end in time, or the model was
/// still being loaded or stuck: threads are at work then, and the process should end without waiting for them. Throws
/// ConfigError for options that contradict or a port that is taken.
bool serve(const ServeOptions& options, LoadClassifier load);

}  // namespace tundish
