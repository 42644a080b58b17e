// Several hosts whose train channel comes through FIFOs.
#include "cluster.hpp"
#include "support/fifo_writer.hpp"

using namespace tundish::testing;

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

namespace {

// A host's part of a sharded channel, in one pass.
std::unique_ptr<FifoWriter> give_shard(Job& job, const std::string& records) {
    std::filesystem::remove_all(job.at("input/data/train"));
    job.write("input/config/inputdataconfig.json",
              R"({"train":{"TrainingInputMode":"Pipe","S3DistributionType":"ShardedByS3Key"}})");
    make_fifo(job.at("input/data/train_0"));
    return std::make_unique<FifoWriter>(job.at("input/data/train_0"),
                                        [records](FifoWriter& writer) { writer.write(records); });
}

}  // namespace

TEST_CASE("a host whose pipe of a sharded channel carries nothing takes part") {
    const std::string cache = GENERATE("auto", "none");
    CAPTURE(cache);
    Cluster cluster(2, {{"cache", cache}, {"num_training_samples", "100"}, {"data_format", "cifar10"}});
    const auto whole = give_shard(cluster.job(0), cifar_records(0, 100));
    const auto nothing = give_shard(cluster.job(1), "");
    CHECK(train_on_all(cluster)[1].says("0 samples on this host"));
}

TEST_CASE("num_training_samples counts the samples of all hosts, also where the channel is sharded") {
    Cluster cluster(2, {{"cache", "none"},
                        {"num_training_samples", "120"},
                        {"batch_size", "30"},
                        {"data_format", "cifar10"},
                        {"log_level", "debug"}});
    const auto one = give_shard(cluster.job(0), cifar_records(0, 60));
    const auto other = give_shard(cluster.job(1), cifar_records(60, 60));
    const Ended ended = train_on_all(cluster)[0];
    INFO(ended.output);
    CHECK_FALSE(ended.says("Correct num_training_samples"));
    CHECK(ended.says("4/4"));  // steps of the epoch
}
