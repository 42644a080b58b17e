#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace tundish {

/// How many processors this process may keep busy: its affinity mask, limited by the CPU quota of its control
/// group (version 1 or 2, rounded up: `docker run --cpus 1.5` gives 2). At least 1. Any thread.
int usable_processors();

/// The smallest CPU quota, in processors, of a control group and its parents; nothing when none is set.
/// `mounts` is where control groups are mounted (/sys/fs/cgroup), `membership` the text of /proc/self/cgroup.
/// In a container the membership may name the host's path, which does not exist inside: its existing parents
/// then count.
std::optional<double> cpu_quota(const std::filesystem::path& mounts, std::string_view membership);

}  // namespace tundish
