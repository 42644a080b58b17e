#pragma once

#include "support/job.hpp"

namespace tundish::testing {

/// `tundish feed` for the job's FIFOs, with more arguments.
inline Process feed(const Job& job, const Arguments& more) {
    Arguments arguments{"tundish", "feed", "--root", job.root().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return {TUNDISH_EXECUTABLE, arguments, job.environment()};
}

}  // namespace tundish::testing
