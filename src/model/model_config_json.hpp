#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tundish/model/artifact.hpp"

namespace tundish {

/// Size and checksum of a weights file, as config.json lists them.
struct FileSum {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;
    bool operator==(const FileSum&) const = default;
};

/// config.json's text. Private to the model floor, like the rest of this header.
std::string to_json_text(const ModelConfig& config, const std::vector<FileSum>& files);

/// Decodes and checks; throws ArtifactError naming `origin` and the key.
ModelConfig model_config_from_json(const std::string& document, const std::string& origin);

/// The listed sums; none for a hand-written config.json.
std::vector<FileSum> file_sums_from_json(const std::string& document, const std::string& origin);

}  // namespace tundish
