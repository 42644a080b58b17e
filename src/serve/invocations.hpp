#pragma once

#include "request_memory.hpp"
#include "served_model.hpp"
#include "tundish/serve/http_message.hpp"

namespace tundish {

/// Answers one invocation: body to pixels, pixels to probabilities, probabilities to body. Throws RequestError. Any
/// thread.
HttpReply answer_invocation(const HttpRequest& request, const ServedModel& model, const ServeOptions& options,
                            WorkingMemory& memory, ServeMetrics& metrics);

}  // namespace tundish
