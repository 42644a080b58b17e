#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the ranks of a host share out among themselves, told without a call of CUDA: a supervisor must not make one.
namespace tundish {

/// The GPUs that a process may use, as CUDA_VISIBLE_DEVICES names them: all `installed` ones, or those of the
/// variable's value (numbers, GPU-… and MIG-… names) up to the first that is none, as CUDA reads it.
std::vector<std::string> visible_gpus(int installed, const std::optional<std::string>& variable);

/// How many GPUs have a device file (nvidia0, nvidia1, …) in `folder`, which is /dev but in tests.
int installed_gpus(const std::filesystem::path& folder = "/dev");

/// How many ranks a host has: `wanted`, or with 0 one for each GPU and at least one. Throws ConfigError when there are
/// GPUs and fewer than ranks.
int count_ranks(int wanted, const std::vector<std::string>& gpus);

/// Which part of a host each rank takes.
struct HostShare {
    int ranks = 1;
    int processors = 1;               ///< that all ranks together may keep busy
    bool threads_are_chosen = false;  ///< the user has set OMP_NUM_THREADS
    std::vector<std::string> gpus;    ///< visible_gpus(); may be empty
};

/// The variables that the environment of local rank `index` gets: the number of its threads and its GPU.
std::map<std::string, std::string> rank_environment(const HostShare& host, int index);

}  // namespace tundish
