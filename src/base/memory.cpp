#include "tundish/base/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <unistd.h>

namespace tundish {
namespace {

std::optional<std::uint64_t> number_in(const char* file) {
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

// Inside a container a control group's files lie at the top.
constexpr const char* kLimit2 = "/sys/fs/cgroup/memory.max";
constexpr const char* kUsage2 = "/sys/fs/cgroup/memory.current";
constexpr const char* kLimit1 = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
constexpr const char* kUsage1 = "/sys/fs/cgroup/memory/memory.usage_in_bytes";

std::uint64_t left_by_group(const char* limit_file, const char* usage_file) {
    const auto limit = number_in(limit_file);
    if (!limit) return kNoLimit;
    const std::uint64_t used = number_in(usage_file).value_or(0);
    return *limit > used ? *limit - used : 0;
}

}  // namespace

std::uint64_t usable_memory() {
    return std::min({available_on_machine(), left_by_group(kLimit2, kUsage2), left_by_group(kLimit1, kUsage1)});
}

std::uint64_t memory_limit() {
    return std::min({installed(), number_in(kLimit2).value_or(kNoLimit), number_in(kLimit1).value_or(kNoLimit)});
}

}  // namespace tundish
