#include "tundish/train/checkpoint.hpp"

#include <algorithm>

#include "training_state_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr std::string_view kPrefix = "checkpoint-";
constexpr std::string_view kSuffix = ".pt";
constexpr std::size_t kKept = 5;

// The step in "checkpoint-<step>.pt"; -1 for any other name, so markers and temporaries are passed over.
std::int64_t step_in(const std::string& name) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return -1;
    const auto digits = std::string_view(name).substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    return parse_number<std::int64_t>(digits).value_or(-1);
}

bool being_uploaded(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path.string() + ".sagemaker-uploading", ignored) &&
           !std::filesystem::exists(path.string() + ".sagemaker-uploaded", ignored);
}

void check_settings(const std::map<std::string, std::string>& saved, const std::map<std::string, std::string>& asked,
                    const std::filesystem::path& path) {
    std::vector<std::string> differences;
    for (const auto& [name, value] : asked) {
        const auto found = saved.find(name);
        const std::string before = found == saved.end() ? "(absent)" : found->second;
        if (before != value) differences.push_back(text(name, '=', before, " there, ", value, " here"));
    }
    if (!differences.empty()) {
        throw ArtifactError(text("the checkpoint ", path.string(),
                                 " was made with other settings: ", join(differences, "; "),
                                 ". Use the old settings and data. To start anew remove ", path.parent_path().string(),
                                 ", or take another --root (on SageMaker: another checkpoint location)."));
    }
}

// Nothing, with the reason in `problem` and in the log, when the file is damaged.
std::optional<TrainingState> load_whole(const std::filesystem::path& path, std::string& problem) {
    try {
        return from_checkpoint_bytes(read_file(path), path.string());
    } catch (const ArtifactError& error) {
        problem = error.what();
        log_warning(text(problem, ". Trying the checkpoint before it."));
        return std::nullopt;
    }
}

}  // namespace

CheckpointFolder::CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
    make_folders(folder_);
    remove_stale_temporaries(folder_);
}

void CheckpointFolder::save(const TrainingState& state) {
    write_file_atomically(folder_ / text(kPrefix, state.step, kSuffix), to_checkpoint_bytes(state));
    delete_old();
}

std::vector<CheckpointFolder::Entry> CheckpointFolder::newest_first() const {
    std::vector<Entry> entries;
    std::error_code error;
    for (const auto& item : folder_entries(folder_, error)) {
        const std::int64_t step = step_in(item.path().filename().string());
        if (step >= 0) entries.push_back({step, item.path()});
    }
    if (error)
        throw MachineError(
            text("cannot list the checkpoint folder ", folder_.string(), ": ", system_reason(error.value())));
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.step > b.step; });
    return entries;
}

void CheckpointFolder::delete_old() const {
    const auto entries = newest_first();
    for (std::size_t i = kKept; i < entries.size(); ++i) {
        std::error_code ignored;
        if (!being_uploaded(entries[i].path)) std::filesystem::remove(entries[i].path, ignored);
    }
}

std::optional<TrainingState> CheckpointFolder::load_newest(const std::map<std::string, std::string>& settings) const {
    std::string last_problem;
    for (const auto& entry : newest_first()) {
        auto state = load_whole(entry.path, last_problem);
        if (!state) continue;
        check_settings(state->settings, settings, entry.path);
        return state;
    }
    if (last_problem.empty()) return std::nullopt;
    throw ArtifactError(text("no checkpoint in ", folder_.string(), " is whole; the oldest: ", last_problem,
                             ". Empty the folder to start from the beginning."));
}

}  // namespace tundish
