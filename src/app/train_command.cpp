#include "tundish/app/commands.hpp"

#include <cstdlib>

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/sample_stream.hpp"
#include "tundish/distributed/cluster.hpp"
#include "tundish/model/device.hpp"
#include "tundish/sagemaker/failure.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"
#include "tundish/sagemaker/input_data_config.hpp"
#include "tundish/sagemaker/job_files.hpp"
#include "tundish/sagemaker/paths.hpp"
#include "tundish/sagemaker/resource_config.hpp"
#include "tundish/train/trainer.hpp"
#include "tundish/train/unite.hpp"

namespace tundish {
namespace {

void log_notes(const std::vector<std::string>& notes) {
    for (const auto& note : notes) log_info(note);
}

void refuse_what_is_not_built(const InputDataConfig& channels, const ResourceConfig& cluster) {
    if (cluster.hosts.size() > 1 && choose_device().is_cuda())
        throw ConfigError("training on the GPUs of several hosts is not built yet. Set instance_count to 1.");
    if (channels.model) {
        throw ConfigError(text("channel '", channels.model->name,
                               "' asks for incremental training, which is not built yet. Remove the channel."));
    }
}

const ChannelSpec* pointer_to(const std::optional<ChannelSpec>& channel) {
    return channel ? &*channel : nullptr;
}

void compare_sample_count(const std::optional<std::int64_t>& told, const TrainingData& data) {
    if (told && !data.stream && !data.train_sharded && *told != data.train.size()) {
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

ClusterOptions cluster_of(const ResourceConfig& config, const Paths& paths) {
    ClusterOptions options;
    options.hosts = config.hosts;
    options.rank = static_cast<int>(config.host_index());
    options.network_interface = config.network_interface_name;
    options.port = rendezvous_port();
    options.on_loss = [paths](const std::string& reason) {
        log_error(reason);
        write_failure(paths, reason);
        std::_Exit(1);
    };
    return options;
}

// Which records of a streamed channel this rank keeps: where hosts get the same objects, all ranks share them.
RecordShare share_of(const ChannelSpec& channel, const Communicator& communicator) {
    const int sharers =
        channel.distribution == Distribution::fully_replicated ? communicator.size() : communicator.ranks_per_host();
    return {.place = communicator.rank() % sharers, .of = sharers};
}

void train_in(Communicator& communicator, const JobSettings& settings, const InputDataConfig& channels,
              const TrainingPaths& files) {
    const bool finished =
        communicator.rank() == 0 && waits_for_streams(channels) && already_finished(settings.options, files, size_of(communicator));
    if (communicator.any(finished)) return;
    DataOptions wanted = settings.options.data;
    wanted.share = share_of(channels.train, communicator);
    TrainingData data = load_training_data(channels.train, pointer_to(channels.validation),
                                           pointer_to(channels.train_lst), pointer_to(channels.validation_lst), wanted);
    compare_sample_count(wanted.num_training_samples, data);
    unite(data, communicator);
    train(settings.options, data, files, communicator);
    if (data.stream) data.stream->report_skipped();
}

}  // namespace

void train_command(const std::filesystem::path& root) {
    const Paths paths(root);
    const JobSettings settings = read_hyperparameters(paths);
    const ResourceConfig cluster = read_resource_config(paths);
    log_setup(settings.log_level, static_cast<int>(cluster.host_index()));
    log_notes(settings.notes);
    const InputDataConfig channels = read_input_data_config(paths);
    log_notes(channels.notes);
    refuse_what_is_not_built(channels, cluster);
    const TrainingPaths files = paths_of(paths, cluster.current_host);

    set_up_device(choose_device(), /*threads=*/0, settings.options.deterministic);
    const auto communicator = join_cluster(cluster_of(cluster, paths));
    try {
        train_in(*communicator, settings, channels, files);
        communicator->leave();
    } catch (const Stopped&) {
        communicator->report_stop();
        throw;
    } catch (const std::exception& error) {
        communicator->report_failure(error.what());
        throw;
    }
}

}  // namespace tundish
