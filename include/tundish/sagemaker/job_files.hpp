#pragma once

#include "tundish/sagemaker/paths.hpp"

#include <filesystem>
#include <string>

/// The smaller files that SageMaker puts beside the three main configuration files, only when the job asks
/// for them.
namespace tundish {

/// True when DIR/input/config is there, readable or not: no verb then means `train`, and what cannot be read
/// is reported.
bool has_input_config(const Paths& paths);

/// Where checkpoints go: LocalPath of checkpointconfig.json, else DIR/checkpoints. The file is the only way
/// to learn of another folder, so a damaged one is a ConfigError: checkpoints elsewhere would not be
/// uploaded. Makes nothing.
std::filesystem::path checkpoint_folder(const Paths& paths);

/// Where TensorBoard events go: LocalPath of tensorboardoutputconfig.json, else DIR/output/tensorboard if it
/// is there, else DIR/output/data/<host>/tensorboard. A damaged file is worth a warning in the log, not the
/// job. Makes nothing.
std::filesystem::path tensorboard_folder(const Paths& paths, const std::string& host);

}  // namespace tundish
