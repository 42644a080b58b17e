#include "tundish/base/processors.hpp"

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/temp_folder.hpp"

#include <sched.h>

using namespace tundish;
using namespace tundish::testing;

TEST_CASE("usable_processors is at least 1 and follows the affinity mask") {
    CHECK(usable_processors() >= 1);
    CHECK(exit_code_of([] {
              cpu_set_t mask;
              CPU_ZERO(&mask);
              CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &mask);
              if (::sched_setaffinity(0, sizeof mask, &mask) != 0) return 2;
              return usable_processors() == 1 ? 0 : 1;
          }) == 0);
}

TEST_CASE("version 2: the smallest quota of a group and its parents counts") {
    const TempFolder mounts;
    mounts.write("cpu.max", "max 100000\n");
    CHECK_FALSE(cpu_quota(mounts.path(), "0::/a/b\n").has_value());
    mounts.write("a/cpu.max", "150000 100000\n");
    mounts.write("a/b/cpu.max", "400000 100000\n");
    CHECK(cpu_quota(mounts.path(), "0::/a/b\n") == 1.5);
    CHECK(cpu_quota(mounts.path(), "0::/a/b/not/visible/here\n") == 1.5);
    CHECK_FALSE(cpu_quota(mounts.path(), "0::/\n").has_value());
}

TEST_CASE("version 1: quota over period, -1 is none") {
    const TempFolder mounts;
    mounts.write("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "50000\n");
    mounts.write("cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
    const std::string membership = "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n";
    CHECK(cpu_quota(mounts.path(), membership) == 0.5);
    mounts.write("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
    CHECK_FALSE(cpu_quota(mounts.path(), membership).has_value());
}

TEST_CASE("nonsense in the membership file is no quota") {
    const TempFolder mounts;
    CHECK_FALSE(cpu_quota(mounts.path(), "").has_value());
    CHECK_FALSE(cpu_quota(mounts.path(), "garbage\n0:\n::::\n").has_value());
}
