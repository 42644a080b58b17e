#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace tundish {

/// What NCCL finds on this host.
struct NcclSurroundings {
    std::string network_interface{};                  ///< that exists; empty: NCCL chooses
    bool efa_device = false;                          ///< an Elastic Fabric Adapter is there
    bool efa_plugin = false;                          ///< aws-ofi-nccl can be loaded
    int ranks = 1;                                    ///< of this host
    std::uint64_t shared_memory = ~std::uint64_t{0};  ///< free bytes of /dev/shm
};

/// True when the ranks of this host would not find the shared memory that NCCL wants to talk through: Docker gives a
/// container 64 MiB, and a rank takes about 10 MiB for each other one it talks to.
bool shared_memory_is_small(const NcclSurroundings& host);

/// The variables that NCCL, and PyTorch's use of it, should find unless the user has set them.
std::map<std::string, std::string> nccl_defaults(const NcclSurroundings& host);

/// True when `devices`, which is /sys/class/infiniband but in tests, holds one that the efa driver runs.
bool has_efa_device(const std::filesystem::path& devices = "/sys/class/infiniband");

}  // namespace tundish
