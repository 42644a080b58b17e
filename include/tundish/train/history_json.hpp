#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tundish/train/epoch_report.hpp"

namespace tundish {

/// An epoch's report as one JSON object and a line feed: the form of metrics.jsonl and of checkpoints. Numbers that are
/// not finite are null. Confusion matrices are left out: they are of use at the end only.
std::string to_json_line(const EpochReport& report);

/// Reads such a line, with or without its line feed; nothing when it is damaged or is something else.
std::optional<EpochReport> from_json_line(const std::string& line);

/// A line for each epoch, for checkpoints.
std::string history_to_json(const std::vector<EpochReport>& history);

/// Reads history_to_json()'s text. Throws ArtifactError when it is damaged.
std::vector<EpochReport> history_from_json(const std::string& lines);

}  // namespace tundish
