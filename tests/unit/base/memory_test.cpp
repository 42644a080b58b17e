#include "tundish/base/memory.hpp"

#include "support/catch.hpp"
#include "support/temp_folder.hpp"

#include <limits>
#include <unistd.h>

TEST_CASE("usable memory is something, and no more than the machine has") {
    const auto all =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    CHECK(tundish::usable_memory() > 0);
    CHECK(tundish::usable_memory() <= all);
    CHECK(tundish::memory_limit() >= tundish::usable_memory());
    CHECK(tundish::memory_limit() <= all);
}

TEST_CASE("a control group leaves what its limit has over use, and file cache that nobody uses") {
    constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();
    const tundish::testing::TempFolder group;
    CHECK(tundish::left_by_group(group.path()) == kNoLimit);
    group.write("memory.max", "max\n");
    group.write("memory.current", "700\n");
    CHECK(tundish::left_by_group(group.path()) == kNoLimit);
    group.write("memory.max", "1000\n");
    CHECK(tundish::left_by_group(group.path()) == 300);
    group.write("memory.stat", "anon 200\ninactive_file 450\nactive_file 50\n");
    CHECK(tundish::left_by_group(group.path()) == 750);
    group.write("memory.current", "1700\n");
    CHECK(tundish::left_by_group(group.path()) == 0);

    const tundish::testing::TempFolder first;
    first.write("memory.limit_in_bytes", "1000\n");
    first.write("memory.usage_in_bytes", "700\n");
    first.write("memory.stat", "inactive_file 1\ntotal_inactive_file 100\n");
    CHECK(tundish::left_by_group(first.path()) == 400);
}
