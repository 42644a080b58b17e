#include "tundish/model/artifact.hpp"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <deque>
#include <sstream>

#include "model_config_json.hpp"
#include "torchscript.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/state_file.hpp"

namespace tundish {
namespace {

std::string script_bytes(const torch::jit::Module& script, const std::string& config) {
    std::ostringstream out;
    script.save(out, {{kConfigFile, config}});
    return out.str();
}

nlohmann::ordered_json sum_of(const std::string& content) {
    return {{"bytes", content.size()}, {"crc32c", crc32c(as_bytes(content))}};
}

struct NamedContent {
    const char* name;
    std::string content;
};

// Nothing takes its final name before everything is on disk.
void write_together(const std::filesystem::path& folder, const std::vector<NamedContent>& files) {
    std::deque<AtomicFile> open;
    for (const auto& [name, content] : files) {
        open.emplace_back(folder / name);
        open.back().write(content);
        open.back().sync();
    }
    for (auto& file : open) file.commit();
}

}  // namespace

void save_artifact(const std::filesystem::path& folder, const Network& network, const ModelConfig& config) {
    make_folders(folder);
    const auto state = copy_to_cpu(network.state());
    nlohmann::ordered_json document = to_json(config);
    std::vector<NamedContent> files;
    files.push_back({kModelFile, script_bytes(to_torchscript(network, config.preprocess), document.dump(2))});
    files.push_back({kStateDictFile, to_torch_bytes(to_dict(state))});
    files.push_back({kSafetensorsFile, to_safetensors(state)});
    for (const auto& [name, content] : files) document["files"][name] = sum_of(content);
    files.push_back({kConfigFile, document.dump(2) + "\n"});
    write_together(folder, files);
}

ModelConfig load_model_config(const std::filesystem::path& folder) {
    const auto path = folder / kConfigFile;
    if (!std::filesystem::exists(path)) {
        throw ArtifactError(text("no ", kConfigFile, " in ", folder.string(), ": expected the model folder that `tundish train` left"));
    }
    return model_config_from_json(read_file(path), path.string());
}

void check_weights(const std::filesystem::path& folder) {
    const auto document = parse_model_config(read_file(folder / kConfigFile), (folder / kConfigFile).string());
    if (!document.contains("files")) return;
    for (const auto& [name, expected] : document["files"].items()) {
        const auto path = folder / name;
        if (!std::filesystem::exists(path)) throw ArtifactError(text(path.string(), " is missing; config.json lists it"));
        const std::string content = read_file(path);
        const auto found = sum_of(content);
        if (found["bytes"] != expected.value("bytes", std::uint64_t{0}) || found["crc32c"] != expected.value("crc32c", std::uint32_t{0})) {
            throw ArtifactError(text(path.string(), " is damaged: expected ", expected.dump(), " as config.json says, found ", found.dump()));
        }
    }
}

}  // namespace tundish
