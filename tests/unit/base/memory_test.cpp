#include "tundish/base/memory.hpp"

#include "support/catch.hpp"

#include <unistd.h>

TEST_CASE("usable memory is something, and no more than the machine has") {
    const auto all =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    CHECK(tundish::usable_memory() > 0);
    CHECK(tundish::usable_memory() <= all);
    CHECK(tundish::memory_limit() >= tundish::usable_memory());
    CHECK(tundish::memory_limit() <= all);
}
