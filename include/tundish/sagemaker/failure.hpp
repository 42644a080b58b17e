#pragma once

#include "tundish/sagemaker/paths.hpp"

#include <string>
#include <string_view>

namespace tundish {

/// The text that fits a failure file: `message` without white space at its ends, damaged UTF-8 shown as '?',
/// at most 1,024 bytes and no character cut in two.
std::string failure_text(std::string_view message);

/// Writes `message`, cause first, to DIR/output/failure, whose first 1,024 characters SageMaker shows as
/// FailureReason. Makes DIR/output when DIR is there, nothing otherwise. Never throws: what goes wrong is
/// logged.
void write_failure(const Paths& paths, std::string_view message) noexcept;

/// Removes the failure file of an earlier run in the same folder. Never throws: what goes wrong is logged.
void remove_stale_failure(const Paths& paths) noexcept;

}  // namespace tundish
