#pragma once

#include "tundish/base/log.hpp"
#include "tundish/sagemaker/paths.hpp"
#include "tundish/train/options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// What hyperparameters.json asks for, decoded and checked.
struct JobSettings {
    TrainOptions options;
    LogLevel log_level = LogLevel::info;
    int ranks_per_host = 0;  ///< training processes on each host; 0: one for each visible GPU, or one without GPUs
    std::vector<std::string> instance_groups;  ///< that train (training_hosts.hpp); empty when not told
    /// Lines for the log, once it is set up: which names were set aside or ignored.
    std::vector<std::string> notes;
};

/// Decodes the text of hyperparameters.json by the declared table (hyperparameter_table.hpp). `file` appears
/// in messages. Throws one ConfigError for all problems together, options.problems() included; its first line
/// holds their number and the first of them.
JobSettings parse_hyperparameters(std::string_view json, const std::string& file = "hyperparameters.json");

/// Reads `paths.hyperparameters()`; a missing file counts as `{}`. MachineError when the file is there but
/// cannot be read.
JobSettings read_hyperparameters(const Paths& paths);

}  // namespace tundish
