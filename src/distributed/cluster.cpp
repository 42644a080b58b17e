#include "tundish/distributed/cluster.hpp"

#include <net/if.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "group_communicator.hpp"
#ifdef USE_C10D_NCCL
#include "nccl_backend.hpp"
#endif
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/peer_error.hpp"

namespace tundish {
namespace {

using namespace std::chrono_literals;

// The interface that the platform names may not exist (SDK v3's local mode); then the one that owns this host's name.
std::shared_ptr<gloo::transport::Device> network_device(const ClusterOptions& options) {
    if (options.hosts.size() == 1) return c10d::ProcessGroupGloo::createDeviceForInterface("lo");
    const auto& interface = options.network_interface;
    const auto& host = options.host_of(options.rank);
    if (!interface.empty() && ::if_nametoindex(interface.c_str()) != 0)
        return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
    log_warning(
        text("network interface '", interface, "' does not exist here; the one of ", host, "'s address is used"));
    return c10d::ProcessGroupGloo::createDeviceForHostname(host);
}

c10::intrusive_ptr<c10d::Backend> gloo(const ClusterOptions& options, const Store& store) {
    // A peer that is dead or silent is found by PeerWatch; this limit only ends what even that has missed. Rank 0 may
    // write plots, a model and a checkpoint while the others wait.
    auto wanted = c10d::ProcessGroupGloo::Options::create(10min);
    wanted->devices.push_back(network_device(options));
    const auto keys = c10::make_intrusive<c10d::PrefixStore>("gloo", store);
    return c10::make_intrusive<c10d::ProcessGroupGloo>(keys, options.rank, options.size(), wanted);
}

c10::intrusive_ptr<c10d::Backend> backend_for(const ClusterOptions& options, const Store& store) {
    auto for_memory = gloo(options, store);
#ifdef USE_C10D_NCCL
    if (options.device.is_cuda()) return nccl_beside(for_memory, options);
#else
    if (options.device.is_cuda()) {
        throw ConfigError(
            "this tundish was built without NCCL, so several GPUs cannot work together. Set instance_count and "
            "ranks_per_host to 1, or build with every wheel of scripts/gpu-libtorch.lock.");
    }
#endif
    return for_memory;
}

}  // namespace

std::unique_ptr<Communicator> join_cluster(const ClusterOptions& options) {
    if (options.size() == 1) return std::make_unique<SoloCommunicator>();
    try {
        const Store store = open_store(options);
        meet(options, *store);
        auto communicator = std::make_unique<GroupCommunicator>(options, store, backend_for(options, store));
        log_info(text("all ", options.size(), " ranks have come; this is ", name_of(options, options.rank)));
        return communicator;
    } catch (const c10::Error& error) {
        // A stop ends the ranks one after the other, and with the first its store.
        if (stop_requested()) throw Stopped("the meeting of the ranks");
        throw PeerError(text("cannot connect to the other ranks: ", first_line(error.what())));
    }
}

}  // namespace tundish
