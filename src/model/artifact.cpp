#include "tundish/model/artifact.hpp"

#include <ATen/ATen.h>

#include <deque>
#include <sstream>

#include "model_config_json.hpp"
#include "torchscript.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/parallel.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/state_file.hpp"

namespace tundish {
namespace {

std::string script_bytes(const torch::jit::Module& script, const std::string& config) {
    std::ostringstream out;
    script.save(out, {{kConfigFile, config}});
    return out.str();
}

FileSum sum_of(const std::string& name, const std::string& content) {
    return {name, content.size(), crc32c(as_bytes(content))};
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
    std::vector<NamedContent> files;
    files.push_back({kModelFile, script_bytes(to_torchscript(network, config.preprocess), to_json_text(config, {}))});
    files.push_back({kStateDictFile, to_torch_bytes(to_dict(state))});
    files.push_back({kSafetensorsFile, to_safetensors(state)});
    std::vector<FileSum> sums;
    for (const auto& [name, content] : files) sums.push_back(sum_of(name, content));
    files.push_back({kConfigFile, to_json_text(config, sums)});
    write_together(folder, files);
}

ModelConfig load_model_config(const std::filesystem::path& folder) {
    const auto path = folder / kConfigFile;
    if (!std::filesystem::exists(path)) {
        const bool below = std::filesystem::exists(folder / "model" / kConfigFile);
        throw ArtifactError(text("no ", kConfigFile, " in ", folder.string(),
                                 ": expected the model folder that `tundish train` left",
                                 below ? text("; there is one in ", (folder / "model").string()) : std::string{}));
    }
    return model_config_from_json(read_file(path), path.string());
}

void check_weights(const std::filesystem::path& folder) {
    const auto describe = [](const FileSum& sum) { return text(sum.bytes, " bytes with CRC-32C ", sum.crc32c); };
    const auto sums = file_sums_from_json(read_file(folder / kConfigFile), (folder / kConfigFile).string());
    for_each_index(sums.size(), usable_processors(), [&](std::size_t i) {
        const FileSum& expected = sums[i];
        const auto path = folder / expected.name;
        if (!std::filesystem::exists(path))
            throw ArtifactError(text(path.string(), " is missing; config.json lists it"));
        const FileSum found = sum_of(expected.name, read_file(path));
        if (found == expected) return;
        throw ArtifactError(text(path.string(), " is damaged: expected ", describe(expected),
                                 " as config.json says, found ", describe(found)));
    });
}

}  // namespace tundish
