#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tundish/model/artifact.hpp"

namespace tundish {

/// config.json as JSON, without the sums of the weights files. Private to the model floor.
nlohmann::ordered_json to_json(const ModelConfig& config);

/// The document, or an ArtifactError that names `origin` and the place of the syntax error.
nlohmann::json parse_model_config(const std::string& document, const std::string& origin);

/// Decodes and checks; throws ArtifactError naming `origin` and the key.
ModelConfig model_config_from_json(const std::string& document, const std::string& origin);

}  // namespace tundish
