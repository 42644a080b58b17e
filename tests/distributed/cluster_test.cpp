// Several hosts: the executable once for each, on loopback addresses of their own, with a folder of their own.
#include <cstdlib>
#include <memory>

#include "support/catch.hpp"
#include "support/fifo_writer.hpp"
#include "support/job.hpp"
#include "support/next_port.hpp"

using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

// A lost peer is named within 15 s of silence and 3 s for the rank to end by itself.
constexpr std::chrono::seconds kNoticed{25 * kSlowness};

const Job::Hyperparameters kLong{{"epochs", "400"}, {"deterministic", "false"}};

constexpr std::size_t kRecord = 3073;

class Cluster {
  public:
    explicit Cluster(std::size_t hosts, const Job::Hyperparameters& changes = {}) {
        for (std::size_t host = 0; host < hosts; ++host) {
            jobs_.push_back(std::make_unique<Job>(changes));
            jobs_.back()->cifar10();
            jobs_.back()->write("input/config/resourceconfig.json", resource_config(host, hosts));
        }
    }

    [[nodiscard]] Job& job(std::size_t host) { return *jobs_[host]; }

    [[nodiscard]] Process start(std::size_t host) const {
        auto environment = jobs_[host]->environment();
        environment["MASTER_PORT"] = port_;
        return {TUNDISH_EXECUTABLE, {"tundish", "train", "--root", jobs_[host]->root().string()}, environment};
    }

  private:
    static std::string resource_config(std::size_t host, std::size_t hosts) {
        std::string names;
        for (std::size_t i = 0; i < hosts; ++i) names += (i == 0 ? "\"" : ",\"") + address(i) + "\"";
        return R"({"current_host":")" + address(host) + R"(","hosts":[)" + names +
               R"(],"network_interface_name":"lo"})";
    }
    static std::string address(std::size_t host) { return "127.0.0." + std::to_string(host + 1); }

    std::string port_ = std::to_string(next_port());
    std::vector<std::unique_ptr<Job>> jobs_;
};

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

// Nothing moves, so the loss of an epoch is that of all its samples, in whatever batches they came.
const Job::Hyperparameters kStill{{"optimizer", "sgd"}, {"learning_rate", "1e-12"}, {"weight_decay", "0"},
                                  {"epochs", "2"},      {"batch_size", "30"},       {"flip", "false"},
                                  {"crop_padding", "0"}};

// The number behind `name` where it occurs last.
double last_value(const std::string& output, const std::string& name) {
    const auto at = output.rfind(name);
    return at == std::string::npos ? -1.0 : std::strtod(output.c_str() + at + name.size(), nullptr);
}

// All three hosts end well, and rank 0 reports what one host has reported. Returns how each ended.
std::vector<Ended> check_losses_are(Cluster& cluster, const Ended& one) {
    Process third = cluster.start(2);
    Process second = cluster.start(1);
    Process first = cluster.start(0);
    std::vector<Ended> all{first.wait(), second.wait(), third.wait()};
    INFO(all[0].output);
    for (const auto& ended : all) CHECK(ended.code == 0);
    for (const std::string name : {" train_loss=", " validation_loss="}) {
        const double expected = last_value(one.output, name);
        CHECK(std::abs(last_value(all[0].output, name) - expected) < 1e-4 * std::abs(expected));
    }
    return all;
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

TEST_CASE("shards of different sizes, one of them empty, are all trained on") {
    Job alone(kStill);
    alone.cifar10(60);
    const Ended one = alone.train();
    REQUIRE(one.code == 0);
    Cluster cluster(3, kStill);
    for (std::size_t host = 0; host < 3; ++host) {
        Job& job = cluster.job(host);
        std::filesystem::remove_all(job.at("input/data/train"));
        std::filesystem::create_directories(job.at("input/data/train"));
        job.write("input/config/inputdataconfig.json",
                  R"({"train":{"TrainingInputMode":"File","S3DistributionType":"ShardedByS3Key"}})");
    }
    const auto give = [&](std::size_t host, const std::string& file) {
        cluster.job(host).write("input/data/train/" + file, alone.read("input/data/train/" + file));
    };
    give(1, "data_batch_1.bin");
    give(1, "test_batch.bin");
    give(2, "data_batch_2.bin");
    const auto bytes = alone.read("input/data/train/data_batch_2.bin");
    cluster.job(2).write("input/data/train/data_batch_2.bin", bytes.substr(0, 20 * kRecord));
    cluster.job(1).write("input/data/train/data_batch_3.bin", bytes.substr(20 * kRecord));
    check_losses_are(cluster, one);
}

TEST_CASE("hosts share the records of a stream that each of them gets whole") {
    const std::string cache = GENERATE("none", "auto");
    CAPTURE(cache);
    Job::Hyperparameters changes = kStill;
    changes.insert({{"cache", cache}, {"num_training_samples", "110"}, {"data_format", "cifar10"}});
    const std::string records = cifar_records(0, 110);
    const auto make_pipe = [&](Job& job) {
        job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
        for (int pass = 0; pass < 2; ++pass) make_fifo(job.at("input/data/train_" + std::to_string(pass)));
    };
    const auto feed = [&](Job& job, int pass) {
        return std::make_unique<FifoWriter>(job.at("input/data/train_" + std::to_string(pass)),
                                            [&](FifoWriter& writer) { writer.write(records); });
    };
    Job alone(changes);
    make_pipe(alone);
    const auto first = feed(alone, 0);
    const auto second = feed(alone, 1);
    const Ended one = alone.train();
    INFO(one.output);
    REQUIRE(one.code == 0);
    Cluster cluster(3, changes);
    std::vector<std::unique_ptr<FifoWriter>> writers;
    for (std::size_t host = 0; host < 3; ++host) {
        std::filesystem::remove_all(cluster.job(host).at("input/data/train"));
        make_pipe(cluster.job(host));
        for (int pass = 0; pass < 2; ++pass) writers.push_back(feed(cluster.job(host), pass));
    }
    check_losses_are(cluster, one);
}

TEST_CASE("SIGTERM to one host reaches those that wait for their streams") {
    Cluster cluster(2,
                    {{"cache", "none"}, {"num_training_samples", "100"}, {"epochs", "3"}, {"data_format", "cifar10"}});
    std::vector<std::unique_ptr<FifoWriter>> writers;
    for (std::size_t host = 0; host < 2; ++host) {
        Job& job = cluster.job(host);
        std::filesystem::remove_all(job.at("input/data/train"));
        job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
        make_fifo(job.at("input/data/train_0"));
        writers.push_back(std::make_unique<FifoWriter>(
            job.at("input/data/train_0"), [](FifoWriter& writer) { writer.write(cifar_records(0, 100)); }));
    }
    Process first = cluster.start(0);
    Process second = cluster.start(1);
    REQUIRE(first.wait_for("epoch=0;"));  // now both wait for train_1, which nobody makes
    second.send(SIGTERM);
    const Ended ended = first.wait(kNoticed);
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("127.0.0.2 (rank 1) was asked to stop"));
    CHECK(second.wait(kNoticed).code == 0);
    CHECK_FALSE(cluster.job(0).list("checkpoints").empty());
}
