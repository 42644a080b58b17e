#include "tundish/app/commands.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "host_ranks.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/memory.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/cluster.hpp"
#include "tundish/distributed/peer_error.hpp"
#include "tundish/model/device.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"
#include "tundish/sagemaker/input_data_config.hpp"
#include "tundish/sagemaker/job_files.hpp"
#include "tundish/sagemaker/paths.hpp"
#include "tundish/sagemaker/resource_config.hpp"
#include "tundish/sagemaker/training_hosts.hpp"
#include "tundish/train/trainer.hpp"
#include "tundish/train/unite.hpp"

namespace tundish {
namespace {

void log_notes(const std::vector<std::string>& notes) {
    for (const auto& note : notes) log_info(note);
}

// Where this process stands among the ranks of the job.
struct Place {
    HostShare host;
    int first = 0;  // of this host
    int rank = 0;   // of this process; the host's first one for a supervisor
};

Place find_place(const JobSettings& settings, const ResourceConfig& cluster, const std::optional<LocalRank>& self) {
    Place place;
    // A rank sees its own GPU only: its supervisor has counted them.
    if (self) {
        place.host.ranks = self->count;
    } else {
        place.host = share_of_host(settings);
    }
    place.first = static_cast<int>(cluster.host_index()) * place.host.ranks;
    place.rank = place.first + (self ? self->index : 0);
    return place;
}

void refuse_what_is_not_built(const InputDataConfig& channels) {
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

ClusterOptions cluster_of(const ResourceConfig& config, const Place& place, const Paths& paths,
                          const std::optional<LocalRank>& self) {
    ClusterOptions options;
    options.hosts = config.hosts;
    options.ranks_per_host = place.host.ranks;
    options.rank = place.rank;
    options.device = choose_device();
    options.network_interface = config.network_interface_name;
    options.port = rendezvous_port();
    options.on_loss = [paths, self](const std::string& reason) {
        log_error(reason);
        leave_cause(paths, self, Fault::peer, 1, reason);
        std::_Exit(1);
    };
    options.on_stop = [] {
        log_info("stopped on request during the meeting of the ranks");
        std::_Exit(0);
    };
    return options;
}

// Which records of a streamed channel this rank keeps: where hosts get the same objects, all ranks share them.
RecordShare share_of(const ChannelSpec& channel, const Communicator& communicator) {
    const int sharers =
        channel.distribution == Distribution::fully_replicated ? communicator.size() : communicator.ranks_per_host();
    return {.place = communicator.rank() % sharers, .of = sharers};
}

// Of the channel's samples, which the user has counted, those of this host: of a sharded channel about an even part.
std::optional<std::int64_t> samples_of_host(const std::optional<std::int64_t>& told, const ChannelSpec& channel,
                                            const Communicator& communicator) {
    const int hosts = hosts_of(communicator);
    if (!told || hosts == 1 || channel.distribution == Distribution::fully_replicated) return told;
    const int host = communicator.rank() / communicator.ranks_per_host();
    const std::int64_t part = RecordShare{.place = host, .of = hosts}.part_of(*told);
    log_info(text("channel '", channel.name, "' is sharded: where it is streamed, this host's part is taken for ", part,
                  " of num_training_samples=", *told));
    return part;
}

void train_in(Communicator& communicator, const JobSettings& settings, const InputDataConfig& channels,
              const TrainingPaths& files) {
    const bool finished = communicator.rank() == 0 && !pipes_among(channels).empty() &&
                          already_finished(settings.options, files, hosts_of(communicator));
    if (communicator.any(finished)) return;
    refuse_the_impossible(settings.options);
    if (communicator.rank() == 0) check_writable(files.model);  // rather than after the first epoch
    DataOptions wanted = settings.options.data;
    wanted.share = share_of(channels.train, communicator);
    wanted.num_training_samples = samples_of_host(wanted.num_training_samples, channels.train, communicator);
    wanted.memory_limit =
        usable_memory() / static_cast<std::uint64_t>(communicator.ranks_per_host());  // each keeps all
    TrainingData data = load_training_data(channels.train, pointer_to(channels.validation),
                                           pointer_to(channels.train_lst), pointer_to(channels.validation_lst), wanted);
    compare_sample_count(wanted.num_training_samples, data);
    unite(data, wanted.num_classes, communicator);
    train(settings.options, data, files, communicator);
    data.report_skipped(channels.train, pointer_to(channels.validation));
}

void run_rank(const ClusterOptions& cluster, const JobSettings& settings, const InputDataConfig& channels,
              const TrainingPaths& files) {
    const auto communicator = join_cluster(cluster);
    try {
        set_up_device(cluster.device, /*threads=*/0, settings.options.deterministic);
        train_in(*communicator, settings, channels, files);
        communicator->leave();
    } catch (const Stopped&) {
        communicator->report_stop();
        throw;
    } catch (const PeerError&) {
        // No failure of this rank, so it reports none. The others look once a second for whose it is, in rank 0's
        // store.
        if (communicator->rank() == 0) std::this_thread::sleep_for(kTimeToRead);
        throw;
    } catch (const std::exception& error) {
        communicator->report_failure(error.what());
        throw;
    }
}

// One host has all the parts, and what a host of several cannot know is known.
void forget_shards(InputDataConfig& channels) {
    channels.train.distribution = Distribution::fully_replicated;
    if (channels.validation) channels.validation->distribution = Distribution::fully_replicated;
}

// Its part of sharded channels is trained by nobody: the job assigns channels to instance groups.
void step_aside(const ResourceConfig& cluster, const TrainingHosts& training) {
    log_info(training.note);
    log_info(text(cluster.current_host, " is not among them and steps aside; data that was given to it is not used"));
}

}  // namespace

void train_command(const std::filesystem::path& root, const std::optional<LocalRank>& started_as) {
    std::error_code error;
    if (!std::filesystem::exists(root, error)) {
        throw ConfigError(text("there is no folder ", root.string(), error ? " that may be read" : "",
                               ": --root names the one that holds input/"));
    }
    const Paths paths(root);
    const JobSettings settings = read_hyperparameters(paths);
    log_setup(settings.log_level);
    ResourceConfig cluster = read_resource_config(paths);
    const TrainingHosts training = training_hosts(cluster, settings.instance_groups);
    if (!training.include(cluster.current_host)) return step_aside(cluster, training);
    cluster.hosts = training.hosts;
    const Place place = find_place(settings, cluster, started_as);
    log_setup(settings.log_level, place.rank);
    InputDataConfig channels = read_input_data_config(paths);
    if (cluster.hosts.size() == 1) forget_shards(channels);
    if (!started_as) {  // its supervisor has said it
        if (!training.note.empty()) log_info(training.note);
        log_notes(settings.notes);
        log_notes(channels.notes);
    }
    refuse_what_is_not_built(channels);
    const TrainingPaths files = paths_of(paths, cluster.current_host);
    if (!started_as && place.host.ranks > 1) return train_in_processes(root, place.host, place.first, channels);
    run_rank(cluster_of(cluster, place, paths, started_as), settings,
             started_as ? as_dealt_to(*started_as, channels) : channels, files);
}

}  // namespace tundish
