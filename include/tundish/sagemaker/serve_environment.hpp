#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tundish/base/log.hpp"
#include "tundish/serve/serve_options.hpp"

namespace tundish {

/// The value of an environment variable; null when it is not set.
using Environment = std::function<const char*(const char* name)>;

/// What the platform and the usual toolkits say about serving by environment variables:
///
/// | variable | meaning |
/// |---|---|
/// | SAGEMAKER_BIND_TO_PORT | the port |
/// | SAGEMAKER_SAFE_PORT_RANGE | "XXXX-YYYY": checked; no other port is opened |
/// | SAGEMAKER_BATCH | "true" in any case: batch transform |
/// | SAGEMAKER_MAX_CONCURRENT_TRANSFORMS, SAGEMAKER_MAX_PAYLOAD_IN_MB, SAGEMAKER_BATCH_STRATEGY | for
/// /execution-parameters |
/// | SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT | the reply's type without an Accept header |
/// | SAGEMAKER_MODEL_SERVER_WORKERS, SAGEMAKER_TS_MAX_WORKERS | threads that compute |
/// | SAGEMAKER_MODEL_SERVER_TIMEOUT, SAGEMAKER_TS_RESPONSE_TIMEOUT | seconds for a request |
/// | SAGEMAKER_TS_BATCH_SIZE | the largest batch |
/// | SAGEMAKER_TS_MAX_BATCH_DELAY | milliseconds that a batch may wait for more images |
/// | SAGEMAKER_STARTUP_TIMEOUT, SAGEMAKER_TS_MIN_WORKERS | no effect, which is noted |
/// | TUNDISH_SERVE_PRECISION | what a served network computes in: auto, fp32, bf16, fp16 |
/// | TUNDISH_BATCH_ERRORS | "placeholder": an error object for a bad line of a batch transform |
///
/// Fills `options`. Throws ConfigError naming every variable that cannot be used, all at once.
void read_serve_environment(const Environment& environment, ServeOptions& options);

/// SAGEMAKER_CONTAINER_LOG_LEVEL: Python's number (10 debug, 20 info, 30 warning, 40 error) or a name. Info when it is
/// not set, or is something else.
LogLevel serve_log_level(const Environment& environment);

}  // namespace tundish
