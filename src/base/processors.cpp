#include "tundish/base/processors.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <sched.h>
#include <sstream>
#include <string>

namespace tundish {
namespace {

std::optional<double> read_number(const std::filesystem::path& path) {
    std::ifstream in(path);
    double value = 0;
    if (in >> value) return value;  // "max", version 2's word for no limit, is not a number
    return std::nullopt;
}

// Version 2: "150000 100000" or "max 100000".
std::optional<double> quota_v2(const std::filesystem::path& group) {
    std::ifstream in(group / "cpu.max");
    double quota = 0;
    double period = 0;
    if (in >> quota >> period && quota > 0 && period > 0) return quota / period;
    return std::nullopt;
}

// Version 1: a quota of -1 means none.
std::optional<double> quota_v1(const std::filesystem::path& group) {
    const auto quota = read_number(group / "cpu.cfs_quota_us");
    const auto period = read_number(group / "cpu.cfs_period_us");
    if (quota && period && *quota > 0 && *period > 0) return *quota / *period;
    return std::nullopt;
}

template <typename Quota>
void lower_to_quotas(double& lowest, const std::filesystem::path& mount, const std::string& group, Quota quota) {
    for (auto relative = std::filesystem::path(group).relative_path();; relative = relative.parent_path()) {
        if (const auto found = quota(mount / relative)) lowest = std::min(lowest, *found);
        if (relative.empty()) return;
    }
}

int affinity_count() {
    // More than 1,024 processors do not fit into a cpu_set_t, so the mask grows until the kernel accepts it.
    for (int processors = 1024; processors <= 1 << 20; processors *= 2) {
        const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(CPU_ALLOC(static_cast<std::size_t>(processors)),
                                                                    [](cpu_set_t* set) { CPU_FREE(set); });
        const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(processors));
        if (mask && ::sched_getaffinity(0, size, mask.get()) == 0) return CPU_COUNT_S(size, mask.get());
    }
    return 1;
}

}  // namespace

std::optional<double> cpu_quota(const std::filesystem::path& mounts, std::string_view membership) {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    double lowest = kNone;
    std::istringstream lines{std::string(membership)};
    for (std::string line; std::getline(lines, line);) {  // hierarchy:controllers:path
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const std::string group = line.substr(second + 1);
        if (controllers == ",,") lower_to_quotas(lowest, mounts, group, quota_v2);
        if (controllers.find(",cpu,") == std::string::npos) continue;
        for (const char* mount : {"cpu", "cpu,cpuacct"}) lower_to_quotas(lowest, mounts / mount, group, quota_v1);
    }
    if (lowest == kNone) return std::nullopt;
    return lowest;
}

int usable_processors() {
    int count = affinity_count();
    std::ifstream in("/proc/self/cgroup");
    std::ostringstream membership;
    membership << in.rdbuf();
    if (const auto quota = cpu_quota("/sys/fs/cgroup", membership.str())) {
        count = std::min(count, static_cast<int>(std::ceil(std::min(*quota, 1e6))));
    }
    return std::max(count, 1);
}

}  // namespace tundish
