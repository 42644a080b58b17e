#pragma once

#include <string>
#include <vector>

#include "tundish/train/epoch_report.hpp"

namespace tundish {

/// Epoch reports as JSON text, for checkpoints. Confusion matrices are left out: they are of use at the end only.
std::string history_to_json(const std::vector<EpochReport>& history);

/// Reads history_to_json()'s text. Throws ArtifactError when it is damaged.
std::vector<EpochReport> history_from_json(const std::string& json);

}  // namespace tundish
