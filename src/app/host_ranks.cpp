#include "host_ranks.hpp"

#include <cstdlib>

#include "tundish/base/processors.hpp"
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

void train_in_processes(const std::filesystem::path& root, const HostShare& host, int first_rank) {
    SupervisorOptions options;
    options.arguments = {"tundish", "train", "--root", root.string()};
    for (int index = 0; index < host.ranks; ++index) options.environments.push_back(rank_environment(host, index));
    options.first_rank = first_rank;
    supervise(options);
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
