#include "tundish/distributed/rank_environment.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

using Names = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("visible GPUs are all of them, or those that CUDA_VISIBLE_DEVICES names") {
    CHECK(visible_gpus(0, std::nullopt).empty());
    CHECK(visible_gpus(0, "0,1").empty());
    CHECK(visible_gpus(3, std::nullopt) == Names{"0", "1", "2"});
    CHECK(visible_gpus(8, "3,1") == Names{"3", "1"});
    CHECK(visible_gpus(8, " 2 , GPU-8932f937 ,MIG-1") == Names{"2", "GPU-8932f937", "MIG-1"});
    CHECK(visible_gpus(2, "1,2,0") == Names{"1"});  // CUDA stops at the first name that is none
    for (const char* none : {"", "-1", "NoDevFiles", "0x1"}) CHECK(visible_gpus(2, none).empty());
}

TEST_CASE("GPUs are counted by their device files") {
    const TempFolder folder;
    CHECK(installed_gpus(folder.path()) == 0);
    for (const char* name : {"nvidia0", "nvidia11", "nvidiactl", "nvidia-uvm", "nvidia", "null"})
        folder.write(name, "");
    CHECK(installed_gpus(folder.path()) == 2);
    CHECK(installed_gpus(folder.path() / "missing") == 0);
}

TEST_CASE("a host has as many ranks as are wanted, or as it has GPUs") {
    CHECK(count_ranks(0, {}) == 1);
    CHECK(count_ranks(0, {"0", "1"}) == 2);
    CHECK(count_ranks(5, {}) == 5);
    CHECK(count_ranks(1, {"0", "1"}) == 1);
    CHECK_THROWS_AS(count_ranks(3, {"0", "1"}), ConfigError);
}

TEST_CASE("ranks share processors and GPUs out among themselves") {
    const HostShare cpus{.ranks = 3, .processors = 8, .threads_are_chosen = false, .gpus = {}};
    CHECK(rank_environment(cpus, 2) == Variables{{"OMP_NUM_THREADS", "2"}});
    const HostShare few{.ranks = 4, .processors = 2, .threads_are_chosen = false, .gpus = {}};
    CHECK(rank_environment(few, 0) == Variables{{"OMP_NUM_THREADS", "1"}});
    const HostShare gpus{.ranks = 2, .processors = 8, .threads_are_chosen = true, .gpus = {"3", "GPU-1"}};
    CHECK(rank_environment(gpus, 1) == Variables{{"CUDA_VISIBLE_DEVICES", "GPU-1"}});
}
