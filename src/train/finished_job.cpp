#include "training_setup.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/train/checkpoint.hpp"
#include "tundish/model/device.hpp"
#include "tundish/train/recipe.hpp"
#include "tundish/train/stop_rules.hpp"
#include "tundish/train/trainer.hpp"

namespace tundish {
namespace {

constexpr std::int64_t kManySamples = std::int64_t{1} << 40;  // more than any batch size

bool has_whole_model(const std::filesystem::path& folder) {
    if (!std::filesystem::exists(folder / kConfigFile)) return false;
    try {
        check_weights(folder);
        return true;
    } catch (const ArtifactError&) {
        return false;
    }
}

// What can be compared without data: a small train set may have made the batch smaller than it was asked for, and
// chosen the model.
std::map<std::string, std::string> settings_without_data(const TrainOptions& options, int hosts,
                                                         const std::map<std::string, std::string>& saved) {
    TrainOptions decided = options;
    if (const auto model = saved.find("model"); options.model == "auto" && model != saved.end())
        decided.model = model->second;
    Recipe recipe = make_recipe(decided, kManySamples, hosts);
    if (const auto batch = saved.find("batch_size"); batch != saved.end())
        recipe.batch_size = std::min<std::int64_t>(recipe.batch_size, std::stoll(batch->second));
    return resume_settings(decided, recipe, name_of(choose_compute(options.precision, choose_device())));
}

}  // namespace

bool already_finished(const TrainOptions& options, const TrainingPaths& paths, int hosts) {
    if (!has_whole_model(paths.model)) return false;
    const CheckpointFolder checkpoints(paths.checkpoints);
    const auto state = checkpoints.load_newest({});
    if (!state || !state->finished || may_go_on(*state, options)) return false;
    if (!checkpoints.load_newest(settings_without_data(options, hosts, state->settings))) return false;
    log_info(text("the job was already finished, at step ", state->step, "; its model is in ", paths.model.string(),
                  ", and its data are not read again"));
    return true;
}

}  // namespace tundish
