#include "host_ranks.hpp"

#include <cstdlib>
#include <utility>
#include <vector>

#include "tundish/base/processors.hpp"
#include "tundish/data/fifo_dealer.hpp"
#include "tundish/distributed/supervisor.hpp"
#include "tundish/sagemaker/failure.hpp"

namespace tundish {
namespace {

std::vector<std::string> gpus_of_this_build() {
#ifdef TUNDISH_CUDA
    const char* variable = std::getenv("CUDA_VISIBLE_DEVICES");
    return visible_gpus(installed_gpus(), variable == nullptr ? std::nullopt : std::optional<std::string>(variable));
#else
    return {};
#endif
}

}  // namespace

HostShare share_of_host(const JobSettings& settings) {
    HostShare host;
    host.gpus = gpus_of_this_build();
    host.ranks = count_ranks(settings.ranks_per_host, host.gpus);
    host.processors = usable_processors();
    host.threads_are_chosen = std::getenv("OMP_NUM_THREADS") != nullptr;
    return host;
}

void train_in_processes(const std::filesystem::path& root, const HostShare& host, int first_rank,
                        const InputDataConfig& channels) {
    SupervisorOptions options;
    options.arguments = {"tundish", "train", "--root", root.string()};
    std::optional<FifoDealer> dealer;
    if (const auto pipes = pipes_among(channels); !pipes.empty()) {
        dealer.emplace(pipes, host.ranks, Paths(root).output());
        options.arguments.insert(options.arguments.end(), {"--dealt", dealer->folder().string()});
    }
    for (int index = 0; index < host.ranks; ++index) options.environments.push_back(rank_environment(host, index));
    options.first_rank = first_rank;
    supervise(options);
}

std::vector<ChannelSpec> pipes_among(const InputDataConfig& channels) {
    std::vector<ChannelSpec> pipes;
    if (channels.train.mode == InputMode::pipe) pipes.push_back(channels.train);
    if (channels.validation && channels.validation->mode == InputMode::pipe) pipes.push_back(*channels.validation);
    return pipes;
}

InputDataConfig as_dealt_to(const LocalRank& self, InputDataConfig channels) {
    const auto deal = [&](ChannelSpec& channel) {
        if (channel.mode == InputMode::pipe) channel = FifoDealer::dealt(std::move(channel), self.dealt, self.index);
    };
    deal(channels.train);
    if (channels.validation) deal(*channels.validation);
    return channels;
}

void leave_cause(const Paths& paths, const std::optional<LocalRank>& started_as, Fault fault, int code,
                 const std::string& message) noexcept {
    if (!started_as) return write_failure(paths, message);
    try {
        send_report({.index = started_as->index, .fault = fault, .code = code, .message = message});
    } catch (...) {  // no memory for a copy of the message; the exit code remains
    }
}

}  // namespace tundish
