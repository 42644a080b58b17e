// What may happen before all hosts have come.
#include <thread>

#include "cluster.hpp"

using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// Two of three hosts, which wait for the third.
struct WaitingPair {
    Cluster cluster{3};
    Process first = cluster.start(0);
    Process second = cluster.start(1);

    WaitingPair() {
        REQUIRE(first.wait_for("waiting for the other ranks: 127.0.0.3 (rank 2) did not come yet"));
        REQUIRE(second.wait_for("waiting for the other ranks: 127.0.0.3 (rank 2) did not come yet"));
    }
};

void check_fails(Process& process, const Job& job, int code, const std::string& why) {
    const Ended ended = process.wait(kNoticed);
    INFO(ended.output);
    CHECK_FALSE(ended.hung);
    CHECK(ended.code == code);
    CHECK(job.failure().find(why) != std::string::npos);
}

void check_stops(Process& process, const Job& job) {
    const Ended ended = process.wait(kNoticed);
    INFO(ended.output);
    CHECK_FALSE(ended.hung);
    CHECK(ended.code == 0);
    CHECK_FALSE(job.has("output/failure"));
}

}  // namespace

TEST_CASE("a host that came and was killed before all have come is named") {
    WaitingPair pair;
    pair.second.send(SIGKILL);
    SECTION("while the others wait") {
        check_fails(pair.first, pair.cluster.job(0), 1, "127.0.0.2 (rank 1) stopped answering");
    }
    SECTION("and the last one comes") {
        Process third = pair.cluster.start(2);
        check_fails(pair.first, pair.cluster.job(0), 1, "127.0.0.2 (rank 1) stopped answering");
        CHECK(third.wait(kNoticed).code == 1);
    }
}

TEST_CASE("rank 0 that stands still before all have come is named") {
    WaitingPair pair;
    pair.first.send(SIGSTOP);
    check_fails(pair.second, pair.cluster.job(1), 1, "127.0.0.1 (rank 0) stopped answering");
}

TEST_CASE("a host that waits for rank 0 says so in our words alone, also when it is stopped") {
    Cluster cluster{2};
    Process second = cluster.start(1);
    REQUIRE(second.wait_for("waiting for the other ranks: 127.0.0.1 (rank 0) does not answer on port"));
    second.send(SIGTERM);
    const Ended ended = second.wait(kNoticed);
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.output.find("[c10d]") == std::string::npos);
    CHECK(ended.says("stopped on request during the wait for the other hosts: 127.0.0.1 (rank 0) does not answer"));
}

TEST_CASE("SIGTERM to one host before all have come stops those that have") {
    WaitingPair pair;
    SECTION("the first") {
        pair.first.send(SIGTERM);
    }
    SECTION("the second") {
        pair.second.send(SIGTERM);
    }
    check_stops(pair.first, pair.cluster.job(0));
    check_stops(pair.second, pair.cluster.job(1));
}

TEST_CASE("SIGTERM before all have come is obeyed even if rank 0 stands still") {
    WaitingPair pair;
    pair.first.send(SIGSTOP);
    std::this_thread::sleep_for(1500ms);
    pair.second.send(SIGTERM);
    check_stops(pair.second, pair.cluster.job(1));
}

TEST_CASE("all hosts say that they do not agree on their ranks") {
    Cluster cluster(3);
    cluster.job(2).hyperparameters({{"ranks_per_host", "2"}});
    Process third = cluster.start(2);
    Process second = cluster.start(1);
    Process first = cluster.start(0);
    for (auto [host, process] : {std::pair<std::size_t, Process*>{0, &first}, {1, &second}, {2, &third}})
        check_fails(*process, cluster.job(host), 2, "the hosts do not agree on their ranks: ");
}

TEST_CASE("an interface that cannot be used is passed over with a warning") {
    Cluster cluster(2);
    const auto config = [&](const std::string& own, const std::string& interface) {
        return R"({"current_host":")" + own + R"(","hosts":["127.0.0.1","127.0.0.2"],"network_interface_name":")" +
               interface + "\"}";
    };
    cluster.job(0).write("input/config/resourceconfig.json", config("127.0.0.1", "nosuch0"));
    cluster.job(1).write("input/config/resourceconfig.json", config("127.0.0.2", ""));
    CHECK(train_on_all(cluster)[0].says("network interface 'nosuch0' does not exist here"));
}
