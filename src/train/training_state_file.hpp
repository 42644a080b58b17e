#pragma once

#include <string>

#include "tundish/train/checkpoint.hpp"

namespace tundish {

/// The bytes of a checkpoint file: a torch zip, then 16 bytes: "TNDH", CRC-32C of the zip, its length.
std::string to_checkpoint_bytes(const TrainingState& state);

/// Throws ArtifactError naming `origin` when the trailer or the content is not what to_checkpoint_bytes() writes.
TrainingState from_checkpoint_bytes(const std::string& bytes, const std::string& origin);

}  // namespace tundish
