// Several hosts: the executable once for each, on loopback addresses of their own, with a folder of their own.
#include "cluster.hpp"

using namespace tundish::testing;

namespace {

const Job::Hyperparameters kLong{{"epochs", "400"}, {"deterministic", "false"}};

constexpr std::size_t kRecord = 3073;

// Two hosts that are through their first epoch.
struct RunningPair {
    Cluster cluster{2, kLong};
    Process first = cluster.start(0);
    Process second = cluster.start(1);

    RunningPair() { REQUIRE(first.wait_for("epoch=1;")); }
};

// The host ends by itself, because of what its failure file says first.
void check_ends_because(RunningPair& pair, std::size_t host, const std::string& why) {
    const Ended ended = (host == 0 ? pair.first : pair.second).wait(kNoticed);
    INFO(ended.output);
    CHECK_FALSE(ended.hung);
    CHECK(ended.code == 1);
    CHECK(pair.cluster.job(host).failure().find(why) == 0);
}

}  // namespace

TEST_CASE("hosts outside the instance group that trains step aside") {
    const Job::Hyperparameters changes{{"sagemaker_distribution_instance_groups", R"(["train"])"}};
    Cluster cluster(3, changes);
    for (std::size_t host = 0; host < 3; ++host) {
        const auto config = cluster.job(host).read("input/config/resourceconfig.json");
        cluster.job(host).write("input/config/resourceconfig.json",
                                config.substr(0, config.rfind('}')) + R"(,"instance_groups":[
            {"instance_group_name":"data","instance_type":"ml.c5.xlarge","hosts":["127.0.0.1"]},
            {"instance_group_name":"train","instance_type":"ml.c5.xlarge","hosts":["127.0.0.3","127.0.0.2"]}]})");
    }
    const Ended aside = cluster.start(0).wait();
    CHECK(aside.code == 0);
    CHECK(aside.output.find("steps aside") != std::string::npos);
    CHECK(cluster.job(0).list("model").empty());
    Process third = cluster.start(2);
    const Ended second = cluster.start(1).wait();
    INFO(second.output);
    CHECK(second.code == 0);
    CHECK(third.wait().code == 0);
    CHECK(cluster.job(1).list("model").size() == 4);  // the first in the job's order is rank 0
}

TEST_CASE("three hosts give the model that one host gives") {
    const Job::Hyperparameters changes{{"epochs", "3"}, {"optimizer", "sgd"}, {"learning_rate", "0.05"}};
    Job alone(changes);
    const Ended one = alone.cifar10().train();
    REQUIRE(one.code == 0);
    CHECK(last_value(one.output, " validation_loss=") > 0.0);
    Cluster cluster(3, changes);
    const auto all = check_losses_are(cluster, one);
    CHECK(last_value(all[0].output, " validation_accuracy=") == last_value(one.output, " validation_accuracy="));
    CHECK(cluster.job(0).list("model").size() == 4);
    CHECK(cluster.job(1).list("model").empty());
    CHECK(all[2].output.find("validation_loss=") == std::string::npos);  // metric lines are rank 0's alone
}

TEST_CASE("a killed host is named, and the next start goes on") {
    RunningPair pair;
    pair.second.send(SIGKILL);
    check_ends_because(pair, 0, "127.0.0.2 (rank 1) stopped answering");
    Process first = pair.cluster.start(0);
    Process second = pair.cluster.start(1);
    CHECK(first.wait_for("resumed from a checkpoint"));
    CHECK(first.wait_for("epoch=3;"));
    CHECK(second.wait_for("resumed from a checkpoint"));  // which rank 0 sent: this host has none
    first.send(SIGTERM);
    CHECK(first.wait(kNoticed).code == 0);
    CHECK(second.wait(kNoticed).code == 0);
}

TEST_CASE("the others notice that rank 0 was killed") {
    RunningPair pair;
    pair.first.send(SIGKILL);
    check_ends_because(pair, 1, "127.0.0.1 (rank 0) is gone");
    CHECK(pair.second.output().find("frame #") == std::string::npos);  // c10d's own words, for developers
}

TEST_CASE("a host that stands still is named") {
    RunningPair pair;
    pair.second.send(SIGSTOP);
    check_ends_because(pair, 0, "127.0.0.2 (rank 1) stopped answering");
}

TEST_CASE("SIGTERM to one host stops all, with a checkpoint") {
    RunningPair pair;
    pair.second.send(SIGTERM);
    CHECK(pair.first.wait(kNoticed).code == 0);
    CHECK(pair.second.wait(kNoticed).code == 0);
    CHECK_FALSE(pair.cluster.job(0).list("checkpoints").empty());
    CHECK_FALSE(pair.cluster.job(0).has("output/failure"));
}

TEST_CASE("a job of two hosts goes on as a job of one") {
    RunningPair pair;
    pair.first.send(SIGTERM);
    REQUIRE(pair.first.wait(kNoticed).code == 0);
    REQUIRE(pair.second.wait(kNoticed).code == 0);
    Job& job = pair.cluster.job(0);
    job.write("input/config/resourceconfig.json",
              R"({"current_host":"127.0.0.1","hosts":["127.0.0.1"],"network_interface_name":"lo"})");
    Process alone = pair.cluster.start(0);
    CHECK(alone.wait_for("resumed from a checkpoint"));
    CHECK(alone.wait_for("epoch=3;"));
    alone.send(SIGTERM);
    CHECK(alone.wait(kNoticed).code == 0);
}

TEST_CASE("bad data on one host: exit 2 there, exit 1 and its name on the others") {
    Cluster cluster(2);
    cluster.job(1).write("input/data/train/data_batch_1.bin", "short");
    Process first = cluster.start(0);
    Process second = cluster.start(1);
    const Ended guilty = second.wait(kNoticed);
    INFO(guilty.output);
    CHECK(guilty.code == 2);
    const Ended other = first.wait(kNoticed);
    INFO(other.output);
    CHECK(other.code == 1);
    CHECK(cluster.job(0).failure().find("127.0.0.2 (rank 1) failed: ") == 0);
    CHECK(cluster.job(0).failure().find("data_batch_1.bin") != std::string::npos);
}

TEST_CASE("hosts with different data of the same size are found out") {
    Cluster cluster(2);
    auto bytes = cluster.job(1).read("input/data/train/data_batch_1.bin");
    bytes[1] = static_cast<char>(bytes[1] ^ 0x55);  // a pixel of the first record
    cluster.job(1).write("input/data/train/data_batch_1.bin", bytes);
    Process first = cluster.start(0);
    Process second = cluster.start(1);
    CHECK(first.wait(kNoticed).code == 2);
    CHECK(second.wait(kNoticed).code == 2);
    CHECK(cluster.job(0).failure().find("the hosts hold different data") == 0);
}

TEST_CASE("a host that does not come is named, and SIGTERM ends the wait") {
    Cluster cluster(2);
    Process first = cluster.start(0);
    CHECK(first.wait_for("127.0.0.2 (rank 1) did not come yet"));
    first.send(SIGTERM);
    CHECK(first.wait(kNoticed).code == 0);
}

TEST_CASE("shards of different sizes, some without training samples, are all trained on") {
    Job alone(kStill);
    alone.cifar10(60);
    const Ended one = alone.train();
    REQUIRE(one.code == 0);
    const std::size_t hosts = 5;
    Cluster cluster(hosts, kStill);
    for (std::size_t host = 0; host < hosts; ++host) {
        Job& job = cluster.job(host);
        std::filesystem::remove_all(job.at("input/data/train"));
        if (host != 4) std::filesystem::create_directories(job.at("input/data/train"));
        job.write("input/config/inputdataconfig.json",
                  R"({"train":{"TrainingInputMode":"File","S3DistributionType":"ShardedByS3Key"}})");
    }
    const auto give = [&](std::size_t host, const std::string& file) {
        cluster.job(host).write("input/data/train/" + file, alone.read("input/data/train/" + file));
    };
    give(0, "readme.html");
    give(1, "data_batch_1.bin");
    give(1, "batches.meta.txt");
    give(3, "test_batch.bin");
    const auto bytes = alone.read("input/data/train/data_batch_2.bin");
    cluster.job(2).write("input/data/train/data_batch_2.bin", bytes.substr(0, 20 * kRecord));
    cluster.job(1).write("input/data/train/data_batch_3.bin", bytes.substr(20 * kRecord));
    const auto all = check_losses_are(cluster, one);
    for (const std::size_t without : {0, 3, 4}) {
        CHECK(all[without].says("channel 'train': 0 samples on this host"));
    }
    CHECK(all[0].says("10 classes"));
    CHECK(cluster.job(0).read("model/config.json").find("airplane") != std::string::npos);
}
