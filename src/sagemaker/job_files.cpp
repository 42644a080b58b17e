#include "tundish/sagemaker/job_files.hpp"

#include "json_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

#include <optional>

namespace tundish {
namespace {

/// LocalPath of such a file, under our root; nothing when the file or the key is missing.
std::optional<std::filesystem::path> local_path(const Paths& paths, const std::filesystem::path& file) {
    const auto content = read_if_present(file);
    if (!content) return std::nullopt;
    const JsonValue document = parse_object(*content, file.string());
    const std::string path = text_or(document, "LocalPath", "", file.string());
    if (path.find('\0') != std::string::npos) {
        throw ConfigError(text(file.string(), ": LocalPath holds a zero byte, which no path can"));
    }
    if (path.empty()) return std::nullopt;
    return paths.moved(path);
}

}  // namespace

bool has_input_config(const Paths& paths) {
    std::error_code error;
    return std::filesystem::status(paths.input_config(), error).type() != std::filesystem::file_type::not_found;
}

std::filesystem::path checkpoint_folder(const Paths& paths) {
    return local_path(paths, paths.checkpoint_config()).value_or(paths.default_checkpoints());
}

std::filesystem::path tensorboard_folder(const Paths& paths, const std::string& host) {
    try {
        if (const auto told = local_path(paths, paths.tensorboard_config())) return *told;
    } catch (const Error& error) {
        log_warning(text("TensorBoard events go to the default place: ", error.what()));
    }
    std::error_code error;
    if (std::filesystem::is_directory(paths.default_tensorboard(), error)) return paths.default_tensorboard();
    return paths.output_data(host) / "tensorboard";
}

}  // namespace tundish
