#pragma once

#include "tundish/data/channel.hpp"
#include "tundish/sagemaker/paths.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// The job's channels by what they are for. A spec keeps the name that the job gave it ("test" for
/// validation).
struct InputDataConfig {
    ChannelSpec train;                      ///< `train` or `training`
    std::optional<ChannelSpec> validation;  ///< `validation`, else `test`, else `eval`
    std::optional<ChannelSpec> model;       ///< `model`, else `pretrained`
    std::optional<ChannelSpec> train_lst;
    std::optional<ChannelSpec> validation_lst;
    std::vector<std::string> notes;  ///< lines for the log: channels that are left alone
    bool guessed = false;            ///< no inputdataconfig.json: folders were taken as File-mode channels
};

/// Decodes the text of inputdataconfig.json: modes in any case, every key of a channel optional, unknown
/// channels and keys left alone. Touches no file but builds channel paths from `paths`. Throws ConfigError
/// naming file, key, what was expected and what was found; without a train channel, the channels that there
/// are.
InputDataConfig parse_input_data_config(std::string_view json, const Paths& paths);

/// Reads `paths.input_data_config()`. A missing file: the folders in input/data are taken as File-mode
/// channels, and a note says so. MachineError when the file is there but cannot be read.
InputDataConfig read_input_data_config(const Paths& paths);

}  // namespace tundish
