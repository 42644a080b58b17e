#include "tundish/distributed/nccl_environment.hpp"

#include "support/catch.hpp"
#include "support/temp_folder.hpp"

using namespace tundish;
using namespace tundish::testing;

TEST_CASE("NCCL is told the interface, and of an elastic fabric only where adapter and plugin are there") {
    CHECK(nccl_defaults({}).count("NCCL_SOCKET_IFNAME") == 0);
    CHECK(nccl_defaults({.network_interface = "eth0"}).at("NCCL_SOCKET_IFNAME") == "=eth0");
    CHECK(nccl_defaults({.efa_device = true}).count("FI_PROVIDER") == 0);
    CHECK(nccl_defaults({.efa_device = true, .efa_plugin = true}).at("FI_PROVIDER") == "efa");
    CHECK(nccl_defaults({.efa_plugin = true}).at("NCCL_NET") == "Socket");
    CHECK(nccl_defaults({.efa_device = true, .efa_plugin = true}).count("NCCL_NET") == 0);
}

TEST_CASE("NCCL does without shared memory where the ranks of a host would not find enough") {
    constexpr std::uint64_t kMiB = 1U << 20U;
    CHECK(nccl_defaults({.ranks = 2, .shared_memory = 64 * kMiB}).at("NCCL_SHM_DISABLE") == "1");
    CHECK(nccl_defaults({.ranks = 2, .shared_memory = 128 * kMiB}).count("NCCL_SHM_DISABLE") == 0);
    CHECK(nccl_defaults({.ranks = 1, .shared_memory = 0}).count("NCCL_SHM_DISABLE") == 0);
}

TEST_CASE("an elastic fabric adapter is told by its driver") {
    const TempFolder folder;
    CHECK_FALSE(has_efa_device(folder.path() / "missing"));
    folder.write("mlx5_0/device/vendor", "");
    std::filesystem::create_symlink("../../drivers/mlx5_core", folder.path() / "mlx5_0/device/driver");
    CHECK_FALSE(has_efa_device(folder.path()));
    folder.write("rdmap0s6/device/vendor", "");
    std::filesystem::create_symlink("../../drivers/efa", folder.path() / "rdmap0s6/device/driver");
    CHECK(has_efa_device(folder.path()));
}
