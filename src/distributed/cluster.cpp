#include "tundish/distributed/cluster.hpp"

#include <c10/util/Logging.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <cstdlib>

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

// As Gloo wants it: it is up and has an IPv4 address.
bool is_usable(const std::string& interface) {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return false;
    bool found = false;
    for (const ifaddrs* entry = all; entry != nullptr && !found; entry = entry->ifa_next) {
        found = interface == entry->ifa_name && (entry->ifa_flags & IFF_UP) != 0U && entry->ifa_addr != nullptr &&
                entry->ifa_addr->sa_family == AF_INET;
    }
    ::freeifaddrs(all);
    return found;
}

// The interface that the platform names may not exist (SDK v3's local mode); then the one that owns this host's name.
std::shared_ptr<gloo::transport::Device> network_device(const ClusterOptions& options) {
    if (options.hosts.size() == 1) return c10d::ProcessGroupGloo::createDeviceForInterface("lo");
    const auto& interface = options.network_interface;
    if (is_usable(interface)) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
    const auto& host = options.host_of(options.rank);
    log_warning(text("network interface '", interface, "' does not exist here, or has no IPv4 address; the one of ",
                     host, "'s address is used"));
    wait_for_name(options, host);
    try {
        return c10d::ProcessGroupGloo::createDeviceForHostname(host);
    } catch (const std::exception& error) {
        throw MachineError(text("no network interface has the address of this host, ", host, " (",
                                first_line(error.what()), "). Correct network_interface_name in resourceconfig.json."));
    }
}

using Device = std::shared_ptr<gloo::transport::Device>;

c10::intrusive_ptr<c10d::Backend> gloo(const ClusterOptions& options, const Store& store, const Device& device) {
    auto wanted = c10d::ProcessGroupGloo::Options::create(kLongestWait);
    wanted->devices.push_back(device);
    const auto keys = c10::make_intrusive<c10d::PrefixStore>("gloo", store);
    return c10::make_intrusive<c10d::ProcessGroupGloo>(keys, options.rank, options.size(), wanted);
}

c10::intrusive_ptr<c10d::Backend> backend_for(const ClusterOptions& options, const Store& store, const Device& device) {
    auto for_memory = gloo(options, store, device);
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

c10::intrusive_ptr<c10d::Backend> connect_all(const ClusterOptions& options, const Store& store, PeerWatch& watch) {
    const Device device = network_device(options);  // may wait for this host's name, whom the others then wait for
    const PeerWatch::Call waiting(watch, "connecting to each other");
    return backend_for(options, store, device);
}

std::unique_ptr<PeerWatch> watch_over(const ClusterOptions& options) {
    try {
        return std::make_unique<PeerWatch>(options);
    } catch (const c10::Error& error) {
        if (stop_requested()) throw Stopped("the meeting of the ranks");
        throw PeerError(text("cannot connect to ", name_of(options, 0), ": ", first_line(error.what())));
    }
}

// The meeting itself, under a watch: a peer that came and is lost again, or fails, or a rank 0 that stands still, ends
// it.
std::unique_ptr<Communicator> meet_all(const ClusterOptions& options, const Store& store,
                                       std::unique_ptr<PeerWatch> watch) {
    try {
        meet(options, *store);
        auto backend = connect_all(options, store, *watch);
        watch->end_meeting();
        return std::make_unique<GroupCommunicator>(options, store, std::move(watch), std::move(backend));
    } catch (const Stopped&) {
        leave_word(options, *store, kStopKey, text(options.rank));
        throw;
    } catch (const PeerError& error) {
        // The others lose rank 0's store with it, and would think that it was the one.
        if (options.rank == 0) leave_word(options, *store, failure_key(0), first_line(error.what()));
        throw;
    } catch (const Error& error) {
        leave_word(options, *store, failure_key(options.rank), first_line(error.what()));
        throw;
    } catch (const std::exception& error) {
        const std::string reason = watch->reason_of_break();
        // A stop ends the ranks one after the other, and with the first its store.
        if (stop_requested()) throw Stopped("the meeting of the ranks");
        const std::string why = reason.empty() ? cannot_connect(options, first_line(error.what()))
                                               : text("cannot connect to the other ranks: ", reason);
        if (reason.empty() || options.rank == 0) leave_word(options, *store, failure_key(options.rank), why);
        throw PeerError(why);
    }
}

// Where a connection breaks c10d warns with a C++ stack trace; our own words say whose it was and why.
// TORCH_CPP_LOG_LEVEL, if set, decides.
void quieten_c10d(int least_severity) {
    if (std::getenv("TORCH_CPP_LOG_LEVEL") != nullptr) {
        c10::initLogging();
    } else {
        FLAGS_caffe2_log_level = least_severity;
    }
}

// A client calls it an error, every few seconds and with a trace, that rank 0 has not come yet.
Store open_store_quietly(const ClusterOptions& options) {
    quieten_c10d(c10::GLOG_FATAL);
    const Store store = open_store(options);
    quieten_c10d(c10::GLOG_ERROR);
    return store;
}

}  // namespace

std::unique_ptr<Communicator> join_cluster(const ClusterOptions& options) {
    if (options.size() == 1) return std::make_unique<SoloCommunicator>();
#ifdef USE_C10D_NCCL
    if (options.device.is_cuda()) set_nccl_variables(options);
#endif
    const Store store = open_store_quietly(options);
    auto communicator = meet_all(options, store, watch_over(options));
    log_info(text("all ", options.size(), " ranks have come; this is ", name_of(options, options.rank)));
    return communicator;
}

}  // namespace tundish
