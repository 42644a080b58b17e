#include "tundish/distributed/nccl_environment.hpp"

#include <system_error>

#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

namespace tundish {

bool shared_memory_is_small(const NcclSurroundings& host) {
    constexpr std::uint64_t kForEachRank = std::uint64_t{64} << 20U;
    return host.ranks > 1 && host.shared_memory < kForEachRank * static_cast<std::uint64_t>(host.ranks);
}

std::map<std::string, std::string> nccl_defaults(const NcclSurroundings& host) {
    std::map<std::string, std::string> variables{
        {"NCCL_DEBUG", "WARN"},
        // PeerWatch finds out who was lost and ends the rank. PyTorch's own watch would abort it without saying who,
        // and its supervisor would take it for the guilty one.
        {"TORCH_NCCL_ASYNC_ERROR_HANDLING", "0"},
        {"TORCH_NCCL_ENABLE_MONITORING", "0"},
    };
    // "=": this interface, not all whose names start so.
    if (!host.network_interface.empty()) variables["NCCL_SOCKET_IFNAME"] = text('=', host.network_interface);
    if (host.efa_plugin && host.efa_device) variables["FI_PROVIDER"] = "efa";
    // Without an adapter the plugin ends the job or hangs (aws-ofi-nccl issue 174).
    if (host.efa_plugin && !host.efa_device) variables["NCCL_NET"] = "Socket";
    if (shared_memory_is_small(host)) variables["NCCL_SHM_DISABLE"] = "1";
    return variables;
}

bool has_efa_device(const std::filesystem::path& devices) {
    for (const auto& device : folder_entries(devices)) {
        std::error_code no_driver;
        if (std::filesystem::read_symlink(device.path() / "device" / "driver", no_driver).filename() == "efa")
            return true;
    }
    return false;
}

}  // namespace tundish
