#include "tundish/base/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <unistd.h>

namespace tundish {
namespace {

std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::uint64_t value = 0;
    if (in >> value) return value;
    return std::nullopt;  // absent, or "max"
}

std::uint64_t installed() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t available_on_machine() {
    std::ifstream in("/proc/meminfo");
    for (std::string name; in >> name; in.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
        std::uint64_t kilobytes = 0;
        if (name == "MemAvailable:" && in >> kilobytes) return kilobytes * 1024;
    }
    return installed();
}

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// Inside a container the files of its own group lie at the top.
constexpr const char* kGroup2 = "/sys/fs/cgroup";
constexpr const char* kGroup1 = "/sys/fs/cgroup/memory";

bool is_second_version(const std::filesystem::path& group) {
    return std::filesystem::exists(group / "memory.max");
}

std::uint64_t limit_of(const std::filesystem::path& group) {
    return number_in(group / (is_second_version(group) ? "memory.max" : "memory.limit_in_bytes")).value_or(kNoLimit);
}

// "inactive_file 4096" in memory.stat; of version 1 the total, as the limit is for all below the group.
std::uint64_t idle_cache(const std::filesystem::path& group) {
    std::ifstream in(group / "memory.stat");
    std::uint64_t found = 0;
    std::uint64_t value = 0;
    for (std::string name; in >> name >> value;) {
        if (name == "inactive_file" || name == "total_inactive_file") found = std::max(found, value);
    }
    return found;
}

}  // namespace

std::uint64_t left_by_group(const std::filesystem::path& group) {
    const std::uint64_t limit = limit_of(group);
    if (limit == kNoLimit) return limit;
    const char* usage = is_second_version(group) ? "memory.current" : "memory.usage_in_bytes";
    const std::uint64_t used = number_in(group / usage).value_or(0);
    const std::uint64_t busy = used - std::min(used, idle_cache(group));
    return limit > busy ? limit - busy : 0;
}

std::uint64_t usable_memory() {
    return std::min({available_on_machine(), left_by_group(kGroup2), left_by_group(kGroup1)});
}

std::uint64_t memory_limit() {
    return std::min({installed(), limit_of(kGroup2), limit_of(kGroup1)});
}

}  // namespace tundish
