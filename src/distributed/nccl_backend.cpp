#include "nccl_backend.hpp"

#include <dlfcn.h>
#include <net/if.h>
#include <sys/statvfs.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <unistd.h>

#include <cstdlib>
#include <exception>

#include "rendezvous.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/distributed/nccl_environment.hpp"

namespace tundish {
namespace {

using namespace std::chrono_literals;

using Works = c10::intrusive_ptr<c10d::Work>;

// What c10d's ProcessGroup does for Python.
class ByDevice final : public c10d::Backend {
  public:
    ByDevice(c10::intrusive_ptr<c10d::Backend> gloo, c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl)
        : Backend(gloo->getRank(), gloo->getSize()), gloo_(std::move(gloo)), nccl_(std::move(nccl)) {}

    // Kernels that wait for a lost peer would hold up the end of the process.
    ~ByDevice() override {
        try {
            nccl_->abort();  // what all ranks have left has nothing under way that it could break
        } catch (const std::exception& error) {
            log_debug(error.what());
        }
    }

    const std::string getBackendName() const override { return "gloo and nccl"; }  // NOLINT: c10d's signature
    Works allreduce(std::vector<at::Tensor>& tensors, const c10d::AllreduceOptions& options) override {
        return of(tensors).allreduce(tensors, options);
    }
    Works broadcast(std::vector<at::Tensor>& tensors, const c10d::BroadcastOptions& options) override {
        return of(tensors).broadcast(tensors, options);
    }

  private:
    c10d::Backend& of(const std::vector<at::Tensor>& tensors) {
        if (tensors.at(0).is_cuda()) return *nccl_;
        return *gloo_;
    }

    c10::intrusive_ptr<c10d::Backend> gloo_;
    c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl_;
};

bool can_load(const char* library) {
    void* handle = ::dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) return false;
    ::dlclose(handle);
    return true;
}

std::uint64_t free_shared_memory() {
    struct statvfs found {};
    if (::statvfs("/dev/shm", &found) != 0) return 0;
    return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

void say_if_small(const NcclSurroundings& host) {
    if (!shared_memory_is_small(host)) return;
    log_warning(text("/dev/shm has ", human_bytes(host.shared_memory), " left for ", host.ranks,
                     " ranks: NCCL does without it where GPUs do not reach each other directly, which is slower. Give "
                     "the container more (docker run --shm-size=1g)."));
}

NcclSurroundings look_around(const ClusterOptions& options) {
    NcclSurroundings host;
    if (::if_nametoindex(options.network_interface.c_str()) != 0) host.network_interface = options.network_interface;
    host.efa_device = has_efa_device();
    host.efa_plugin = can_load("libnccl-net.so") || can_load("libnccl-net-ofi.so");
    host.ranks = options.ranks_per_host;
    host.shared_memory = free_shared_memory();
    return host;
}

std::string variables_of_nccl() {
    std::vector<std::string> found;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view variable = *entry;
        for (const auto prefix : {"NCCL_", "TORCH_NCCL_", "FI_"}) {
            if (variable.starts_with(prefix)) found.emplace_back(variable);
        }
    }
    return join(found, ", ");
}

}  // namespace

void set_nccl_variables(const ClusterOptions& options) {
    const NcclSurroundings host = look_around(options);
    if (options.rank % options.ranks_per_host == 0) say_if_small(host);
    for (const auto& [name, value] : nccl_defaults(host)) ::setenv(name.c_str(), value.c_str(), /*overwrite=*/0);
}

c10::intrusive_ptr<c10d::Backend> nccl_beside(const c10::intrusive_ptr<c10d::Backend>& gloo,
                                              const ClusterOptions& options) {
    if (options.rank == 0) log_info(text("NCCL ", c10d::getNcclVersion(), ": ", variables_of_nccl()));
    auto wanted = c10d::ProcessGroupNCCL::Options::create();
    wanted->timeout = kLongestWait;
    // Its threads look into the store at any time: a connection of their own.
    const auto keys = c10::make_intrusive<c10d::PrefixStore>("nccl", open_second_connection(options, kLongestWait));
    auto nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(keys, options.rank, options.size(), std::move(wanted));
    return c10::make_intrusive<ByDevice>(gloo, std::move(nccl));
}

}  // namespace tundish
