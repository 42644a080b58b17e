#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tundish/data/image_fit.hpp"
#include "tundish/model/network.hpp"
#include "tundish/model/preprocess.hpp"

namespace tundish {

/// What config.json says of a model. `architecture` is empty for somebody else's TorchScript.
struct ModelConfig {
    std::string architecture;
    std::int64_t classes = 0;
    ImageShape input;
    std::optional<int> resize_short_side;  ///< images of any size were scaled to it and cropped in training; nothing:
                                           ///< they were stretched to `input`
    std::vector<std::string> class_names;
    Preprocess preprocess;               ///< with config.json's `scale` in its mean and std
    bool normalises_itself = true;       ///< model.pt takes pixels 0..255; otherwise the caller scales and normalises
    bool outputs_probabilities = false;  ///< otherwise logits
    std::string precision = "fp32";      ///< of training
    std::map<std::string, double> metrics;

    /// How an encoded image becomes one of `input`, in training, evaluation, predict and serving alike.
    [[nodiscard]] ImageFit fit() const { return {input, resize_short_side, false}; }
};

/// The names of the files of an artifact; a model folder holds exactly these.
inline constexpr const char* kModelFile = "model.pt";
inline constexpr const char* kStateDictFile = "state_dict.pt";
inline constexpr const char* kSafetensorsFile = "model.safetensors";
inline constexpr const char* kConfigFile = "config.json";

/// Writes model.pt (TorchScript), state_dict.pt, model.safetensors and config.json (with size and CRC-32C of the other
/// three) into `folder`: all four are written aside and synced before the first is renamed. Throws MachineError when
/// the folder cannot be written.
void save_artifact(const std::filesystem::path& folder, const Network& network, const ModelConfig& config);

/// Reads and checks config.json; words and settings that are not built are refused. Throws ArtifactError naming folder,
/// key, what was expected and what was found.
ModelConfig load_model_config(const std::filesystem::path& folder);

/// Throws ArtifactError naming the first weights file whose size or CRC-32C is not what config.json says. A config.json
/// without sums (a hand-written one) passes.
void check_weights(const std::filesystem::path& folder);

}  // namespace tundish
