#include "tundish/app/commands.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/sample_stream.hpp"
#include "tundish/distributed/communicator.hpp"
#include "tundish/model/device.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"
#include "tundish/sagemaker/input_data_config.hpp"
#include "tundish/sagemaker/job_files.hpp"
#include "tundish/sagemaker/paths.hpp"
#include "tundish/sagemaker/resource_config.hpp"
#include "tundish/train/trainer.hpp"

namespace tundish {
namespace {

void log_notes(const std::vector<std::string>& notes) {
    for (const auto& note : notes) log_info(note);
}

void refuse_what_is_not_built(const InputDataConfig& channels, const ResourceConfig& cluster) {
    if (cluster.hosts.size() > 1) {
        throw ConfigError(text("this job has ", cluster.hosts.size(), " hosts (", join(cluster.hosts, ", "),
                               "), and training on several hosts is not built yet. Set instance_count to 1."));
    }
    if (channels.model) {
        throw ConfigError(text("channel '", channels.model->name,
                               "' asks for incremental training, which is not built yet. Remove the channel."));
    }
}

const ChannelSpec* pointer_to(const std::optional<ChannelSpec>& channel) {
    return channel ? &*channel : nullptr;
}

void compare_sample_count(const std::optional<std::int64_t>& told, const TrainingData& data) {
    if (told && !data.stream && *told != data.train.size()) {
        log_warning(text("'num_training_samples' is ", *told, ", but the train channel holds ", data.train.size(),
                         "; the channel's number is used"));
    }
}

TrainingPaths paths_of(const Paths& paths, const std::string& host) {
    const auto output = paths.output_data(host);
    return {.model = paths.model(),
            .checkpoints = checkpoint_folder(paths),
            .reports = {.metrics_jsonl = output / "metrics.jsonl",
                        .tensorboard_folder = tensorboard_folder(paths, host),
                        .sagemaker_metrics_folder = paths.sagemaker_metrics(),
                        .plots_folder = output}};
}

bool waits_for_streams(const InputDataConfig& channels) {
    return channels.train.mode == InputMode::pipe ||
           (channels.validation && channels.validation->mode == InputMode::pipe);
}

}  // namespace

void train_command(const std::filesystem::path& root) {
    const Paths paths(root);
    const JobSettings settings = read_hyperparameters(paths);
    log_setup(settings.log_level);
    log_notes(settings.notes);
    const InputDataConfig channels = read_input_data_config(paths);
    log_notes(channels.notes);
    const ResourceConfig cluster = read_resource_config(paths);
    refuse_what_is_not_built(channels, cluster);
    const TrainingPaths files = paths_of(paths, cluster.current_host);
    if (waits_for_streams(channels) && already_finished(settings.options, files)) return;

    set_up_device(choose_device(), /*threads=*/0, settings.options.deterministic);
    const TrainingData data =
        load_training_data(channels.train, pointer_to(channels.validation), pointer_to(channels.train_lst),
                           pointer_to(channels.validation_lst), settings.options.data);
    compare_sample_count(settings.options.data.num_training_samples, data);
    SoloCommunicator communicator;
    train(settings.options, data, files, communicator);
    if (data.stream) data.stream->report_skipped();
}

}  // namespace tundish
