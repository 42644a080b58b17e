// Channels that come as records, in files or through FIFOs that `tundish feed` fills.

#include "support/catch.hpp"
#include "support/cifar_files.hpp"
#include "support/feed.hpp"
#include "support/fifo_writer.hpp"
#include "support/gzip_bytes.hpp"
#include "support/job.hpp"
#include "tundish/base/bytes.hpp"

#include <atomic>

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPipeMode = R"({"train":{"TrainingInputMode":"Pipe","RecordWrapperType":"None"},
                                      "validation":{"TrainingInputMode":"Pipe"}})";

Ended pack(const Job& job, const std::string& format, const std::string& in, const std::string& out) {
    return run_tundish({"pack", "--to", format, "--shard-size", "20K", job.at(in).string(), job.at(out).string()},
                       job.environment());
}

/// The weights of a File-mode job on the CIFAR files in `from`, which every other way of reading them must give.
std::string weights_of_file_mode(const Job& from) {
    const Job job;
    job.channels({"train", "validation"});
    for (const char* name : {"data_batch_1.bin", "data_batch_2.bin"})
        job.write(std::string("input/data/train/") + name, from.read(std::string("cifar/") + name));
    job.write("input/data/validation/test_batch.bin", from.read("cifar/test_batch.bin"));
    const Ended ended = job.train();
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    return job.read("model/model.safetensors");
}

// 120 records as the train channel, one of them with a byte that its checksum does not know.
void write_damaged_tfrecord(const Job& job) {
    write_cifar10(job.folder(), "ml/cifar", 2, 60);
    REQUIRE(run_tundish({"pack", "--to", "tfrecord", job.at("cifar").string(), job.at("input/data/train").string()},
                        job.environment())
                .code == 0);
    auto bytes = job.read("input/data/train/part-00000.tfrecord");
    bytes[std::size_t{3} * 3126 + 500] ^= 1;
    job.write("input/data/train/part-00000.tfrecord", bytes);
}

}  // namespace

TEST_CASE("Pipe mode: feed streams CIFAR files, TFRecord and RecordIO, and the model is that of File mode") {
    const Job source;
    write_cifar10(source.folder(), "ml/cifar", 2, 60);
    const auto expected = weights_of_file_mode(source);
    for (const std::string format : {"cifar", "tfrecord", "recordio"}) {
        CAPTURE(format);
        Job job{{{"image_layout", "chw"}}};  // made-up images are noise, whose order cannot be seen
        write_cifar10(job.folder(), "ml/cifar", 2, 60);
        job.write("input/config/inputdataconfig.json", kPipeMode);
        for (const std::string part : {"train", "test"}) {
            const auto ended = run_tundish(
                {"pack", "--to", format, "--part", part, job.at("cifar").string(), job.at("packed-" + part).string()},
                job.environment());
            INFO(ended.output);
            REQUIRE(ended.code == 0);
        }
        Process feeder =
            feed(job, {"train=" + job.at("packed-train").string(), "validation=" + job.at("packed-test").string()});
        const Ended ended = job.train();
        INFO(ended.output);
        REQUIRE(ended.code == 0);
        CHECK(ended.says("Pipe mode"));
        CHECK(job.read("model/model.safetensors") == expected);
        const Ended fed = feeder.wait();
        INFO(fed.output);
        CHECK(fed.code == 0);
        CHECK(job.list("input/data").empty());  // feed takes its FIFOs away
    }
}

TEST_CASE("a finished job in Pipe mode that is started again does not wait for its FIFOs") {
    const Job job;
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    job.write("stream", cifar_records(0, 100));
    Process feeder = feed(job, {"--passes", "1", "train=" + job.at("stream").string()});
    REQUIRE(job.train().code == 0);
    CHECK(feeder.wait().code == 0);
    const auto model = job.read("model/model.safetensors");
    const Ended again = job.train();
    INFO(again.output);
    CHECK(again.code == 0);
    CHECK_FALSE(again.hung);
    CHECK(again.says("already finished"));
    CHECK(job.read("model/model.safetensors") == model);
}

TEST_CASE("cache=none says at the end how many records were passed over") {
    Job job({{"cache", "none"},
             {"epochs", "2"},
             {"num_training_samples", "120"},
             {"num_classes", "10"},
             {"image_layout", "chw"},
             {"on_bad_record", "skip"}});
    write_damaged_tfrecord(job);
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.count("2 records could not be decoded and were skipped") == 1);
}

TEST_CASE("kept images: how many records were passed over is said after loading and again at the end") {
    Job job({{"image_layout", "chw"}, {"on_bad_record", "skip"}});
    write_damaged_tfrecord(job);
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 0);
    const std::string line = "1 record could not be decoded and was skipped";
    CHECK(ended.count(line) == 2);
    CHECK(ended.output.rfind(line) > ended.output.find("Train-accuracy="));
}

TEST_CASE("a later pass without a byte ends training well, after the epoch before") {
    Job job({{"cache", "none"}, {"epochs", "3"}, {"num_training_samples", "120"}});
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    for (const char* name : {"train_0", "train_1"}) make_fifo(job.at("input/data") / name);
    const auto bytes = cifar_records(0, 120);
    const FifoWriter first(job.at("input/data/train_0"), [&](FifoWriter& writer) { writer.write(bytes); });
    const FifoWriter second(job.at("input/data/train_1"), [](FifoWriter& /*closes*/) {});
    const Ended ended = job.train();
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK_FALSE(job.has("output/failure"));
    CHECK(ended.says("pass 1"));
    CHECK(ended.says("training ends after epoch 0"));
    CHECK_FALSE(ended.says("Correct num_training_samples"));
    CHECK(ended.count("Train-accuracy=") == 1);
    CHECK(job.list("model").size() == 4);
    const Ended again = job.train();
    INFO(again.output);
    CHECK(again.code == 0);
    CHECK(again.says("already finished"));
}

TEST_CASE("RecordIO and TFRecord in File mode, in shards and compressed, give the same model") {
    const Job source;
    write_cifar10(source.folder(), "ml/cifar", 2, 60);
    const auto expected = weights_of_file_mode(source);
    for (const std::string format : {"tfrecord", "recordio"}) {
        CAPTURE(format);
        Job job{{{"image_layout", "chw"}}};
        write_cifar10(job.folder(), "ml/cifar", 2, 60);
        job.channels({"train", "validation"});
        REQUIRE(pack(job, format, "cifar", "input/data/train").code == 0);
        CHECK(job.list("input/data/train").size() > 1);
        for (const auto& name : job.list("input/data/train")) {
            const auto content = job.read("input/data/train/" + name);
            std::filesystem::remove(job.at("input/data/train/" + name));
            job.write("input/data/train/" + name, gzipped(content));
        }
        job.write("input/data/validation/test_batch.bin", job.read("cifar/test_batch.bin"));
        const Ended ended = job.train();
        INFO(ended.output);
        REQUIRE(ended.code == 0);
        CHECK(job.read("model/model.safetensors") == expected);
    }
}

TEST_CASE("a job in Pipe mode whose FIFO does not come says what it waits for and ends on SIGTERM") {
    const Job job;
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    Process process = job.start();
    REQUIRE(process.wait_for("train_0"));
    process.let_run(std::chrono::milliseconds(300));
    process.send(SIGTERM);
    const Ended ended = process.wait();
    CHECK(ended.code == 0);
    CHECK_FALSE(ended.hung);
    CHECK_FALSE(job.has("output/failure"));
}

TEST_CASE("a stream that ends in mid-record names pass, record and byte") {
    const Job job;
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    job.write("stream", cifar_records(0, 70).substr(0, 69 * 3073 + 1000));
    Process feeder = feed(job, {"--passes", "1", "train=" + job.at("stream").string()});
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 2);
    CHECK(job.failure().find("pass 0") != std::string::npos);
    CHECK(job.failure().find("record 69 (byte 212037)") != std::string::npos);
}

TEST_CASE("MNIST's files train lenet with no settings but the channel") {
    const auto big_endian = [](std::uint32_t value) {
        return std::string{static_cast<char>(value >> 24U), static_cast<char>(value >> 16U),
                           static_cast<char>(value >> 8U), static_cast<char>(value)};
    };
    const auto images = [&](std::uint32_t count) {
        std::string out = big_endian(0x803) + big_endian(count) + big_endian(28) + big_endian(28);
        for (std::uint32_t i = 0; i < count * 784; ++i) out += static_cast<char>(i / 784 * 25 + i % 28);
        return out;
    };
    const auto labels = [&](std::uint32_t count) {
        std::string out = big_endian(0x801) + big_endian(count);
        for (std::uint32_t i = 0; i < count; ++i) out += static_cast<char>(i % 10);
        return out;
    };
    Job job;
    job.write("input/config/hyperparameters.json", R"({"epochs":"1"})");
    job.write("input/data/train/train-images-idx3-ubyte.gz", gzipped(images(200)));
    job.write("input/data/train/train-labels-idx1-ubyte.gz", gzipped(labels(200)));
    job.write("input/data/train/t10k-images-idx3-ubyte", images(50));
    job.write("input/data/train/t10k-labels-idx1-ubyte", labels(50));
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("lenet, adam"));
    CHECK(ended.says("200 samples of 1x28x28"));
    CHECK(ended.says("50 samples of 1x28x28"));
    CHECK(ended.count("Validation-accuracy=") == 1);
}

TEST_CASE("with cache=none training begins while the stream goes on") {
    constexpr int kFirst = 5200, kAll = 5400;  // the first 5,000 are the head, which statistics are measured on
    Job job({{"cache", "none"},
             {"epochs", "1"},
             {"num_training_samples", std::to_string(kAll)},
             {"batch_size", "100"},
             {"shuffle_buffer", "0"}});
    job.write("input/config/inputdataconfig.json", R"({"train":{"TrainingInputMode":"Pipe"}})");
    make_fifo(job.at("input/data/train_0"));
    std::atomic<bool> begun = false;
    const FifoWriter writer(job.at("input/data/train_0"), [&](FifoWriter& self) {
        self.write(cifar_records(0, kFirst));
        while (!begun && !self.done()) self.pause(5ms);
        self.write(cifar_records(kFirst, kAll - kFirst));
    });
    Process process = job.start();
    CHECK(process.wait_for("first training step"));
    begun = true;
    const Ended ended = process.wait();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.count("Train-accuracy=") == 1);
}

TEST_CASE("cache=none trains from files and from FIFOs alike, pass after pass, and a resumed job ends the same") {
    const Job::Hyperparameters streamed{{"cache", "none"}, {"epochs", "3"}, {"num_training_samples", "120"}};
    Job file(streamed);
    file.cifar10(60);
    const Ended whole = file.train();
    INFO(whole.output);
    REQUIRE(whole.code == 0);
    CHECK(whole.says("streamed each epoch"));
    const auto expected = file.read("model/model.safetensors");

    Job pipe(streamed);
    pipe.write("input/config/inputdataconfig.json",
               R"({"train":{"TrainingInputMode":"Pipe"},"validation":{"TrainingInputMode":"File"}})");
    for (const char* name : {"data_batch_1.bin", "data_batch_2.bin"})
        pipe.write(std::string("stream/") + name, file.read(std::string("input/data/train/") + name));
    for (const char* name : {"test_batch.bin", "batches.meta.txt"})
        pipe.write(std::string("input/data/validation/") + name, file.read(std::string("input/data/train/") + name));
    Process feeder = feed(pipe, {"train=" + pipe.at("stream").string()});
    const Ended piped = pipe.train();
    INFO(piped.output);
    REQUIRE(piped.code == 0);
    CHECK(pipe.read("model/model.safetensors") == expected);
    CHECK(feeder.wait().code == 0);
}
