#include <sys/mount.h>
#include <sys/statvfs.h>

#include "support/catch.hpp"
#include "support/job.hpp"

using namespace tundish::testing;

namespace {

// A file system of `bytes` on a folder, for root only.
class TinyDisk {
  public:
    TinyDisk(std::filesystem::path at, const std::string& bytes) : at_(std::move(at)) {
        std::filesystem::create_directories(at_);
        mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, ("size=" + bytes).c_str()) == 0;
    }
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;
    ~TinyDisk() {
        if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] bool resize(const std::string& bytes) const {
        return ::mount("tmpfs", at_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + bytes).c_str()) == 0;
    }

  private:
    std::filesystem::path at_;
    bool mounted_ = false;
};

std::vector<std::string> checkpoints(std::initializer_list<int> steps) {
    std::vector<std::string> names;
    for (const int step : steps) names.push_back("checkpoint-" + std::to_string(step) + ".pt");
    return names;
}

}  // namespace

TEST_CASE("a full disk under the checkpoints: exit 1, the path, no half file, and the next start goes on") {
    Job job{{{"epochs", "3"}}};
    job.cifar10();
    const TinyDisk disk(job.at("checkpoints"), "1M");  // one checkpoint of lenet with adam fits, two do not
    if (!disk.mounted()) {
        SKIP_TEST("cannot mount a tmpfs here");
    }
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(job.list("checkpoints") == checkpoints({2}));
    CHECK(ended.code == 1);
    CHECK(job.failure().find(job.at("checkpoints").string()) != std::string::npos);
    CHECK(job.failure().find("No space left") != std::string::npos);
    REQUIRE(disk.resize("100M"));
    const Ended again = job.train();
    INFO(again.output);
    CHECK(again.code == 0);
    CHECK(again.says("resumed from a checkpoint: step 2 of"));
}

TEST_CASE("a full disk under the model: exit 1, the path, nothing under a final name") {
    Job job;
    job.cifar10();
    const TinyDisk disk(job.at("model"), "400k");
    if (!disk.mounted()) {
        SKIP_TEST("cannot mount a tmpfs here");
    }
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 1);
    CHECK(job.failure().find(job.at("model").string()) != std::string::npos);
    CHECK(job.list("model").empty());
}

TEST_CASE("a checkpoint of other settings is refused, naming each that differs") {
    Job job;
    job.cifar10();
    REQUIRE(job.train().code == 0);
    SECTION("another model") {
        job.hyperparameters({{"model", "keras_cnn"}});
        const Ended ended = job.train();
        INFO(ended.output);
        CHECK(ended.code == 2);
        CHECK(job.failure().find("model=lenet there, keras_cnn here") != std::string::npos);
        CHECK(job.failure().find("checkpoint") < 20);
    }
    SECTION("another learning rate") {
        job.hyperparameters({{"learning_rate", "0.02"}});
        CHECK(job.train().code == 2);
        CHECK(job.failure().find("learning_rate") != std::string::npos);
    }
    SECTION("other data") {
        write_cifar10(job.folder(), "ml/input/data/train", 2, 70);
        CHECK(job.train().code == 2);
        CHECK(job.failure().find("data=") != std::string::npos);
    }
    CHECK(job.has("checkpoints/checkpoint-2.pt"));
}

TEST_CASE("damaged checkpoints") {
    Job job{{{"epochs", "3"}}};
    job.cifar10();
    REQUIRE(job.train().code == 0);
    const std::string model = job.read("model/model.safetensors");
    REQUIRE(job.list("checkpoints") == checkpoints({2, 4, 6}));
    const std::string newest = job.read("checkpoints/checkpoint-6.pt");

    SECTION("the newest one is damaged: the one before it, and the same end") {
        for (const std::string& content :
             {newest.substr(0, newest.size() / 2), std::string(), std::string(newest.size(), 'x')}) {
            job.write("checkpoints/checkpoint-6.pt", content);
            const Ended ended = job.train();
            INFO(content.size() << " bytes\n" << ended.output);
            CHECK(ended.code == 0);
            CHECK(ended.says("step 4 of 6"));
            CHECK(ended.says("checkpoint-6.pt"));
            CHECK(job.read("model/model.safetensors") == model);
        }
    }
    SECTION("one byte of the newest one") {
        std::string damaged = newest;
        damaged[damaged.size() / 3] = static_cast<char>(damaged[damaged.size() / 3] ^ 1);
        job.write("checkpoints/checkpoint-6.pt", damaged);
        const Ended ended = job.train();
        INFO(ended.output);
        CHECK(ended.code == 0);
        CHECK(ended.says("step 4 of 6"));
    }
    SECTION("none is whole: exit 2, and they are left alone") {
        for (const auto& name : job.list("checkpoints")) job.write("checkpoints/" + name, "damaged");
        const Ended ended = job.train();
        INFO(ended.output);
        CHECK(ended.code == 2);
        CHECK(job.failure().find("no checkpoint in " + job.at("checkpoints").string() + " is whole") == 0);
        CHECK(job.list("checkpoints").size() == 3);
    }
    SECTION("what the platform leaves beside them is passed over") {
        for (const char* ending : {".sagemaker-uploading", ".sagemaker-uploaded"})
            job.write(std::string("checkpoints/checkpoint-9.pt") + ending, "");
        job.write("checkpoints/checkpoint-8.pt.77.sagemaker-ignore", "half");
        const Ended ended = job.train();
        INFO(ended.output);
        CHECK(ended.code == 0);
        CHECK_FALSE(job.has("checkpoints/checkpoint-8.pt.77.sagemaker-ignore"));
    }
}

TEST_CASE("a finished job run again: exit 0, the same model, no training") {
    Job job{{{"epochs", "2"}}};
    job.cifar10();
    REQUIRE(job.train().code == 0);
    const std::string model = job.read("model/model.safetensors");
    std::filesystem::remove_all(job.at("model"));  // a new volume
    std::filesystem::remove_all(job.at("output"));
    const Ended ended = job.train();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK_FALSE(ended.says("first training step"));
    CHECK(job.list("model").size() == 4);
    CHECK(job.read("model/model.safetensors") == model);
}

TEST_CASE("five checkpoints are kept, and those that are being uploaded") {
    Job job{{{"epochs", "8"}}};
    job.cifar10(25);
    job.write("checkpoints/checkpoint-1.pt.sagemaker-uploading", "");
    const Ended ended = job.train();
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK(job.list("checkpoints").size() == 5 + 2);
    CHECK(job.has("checkpoints/checkpoint-1.pt"));
    CHECK_FALSE(job.has("checkpoints/checkpoint-2.pt"));
}

TEST_CASE("half files of a killed run are swept up") {
    Job job;
    job.cifar10();
    job.write("model/model.pt.123.sagemaker-ignore", "half");
    job.write("output/data/algo-1/training_curves.png.123.sagemaker-ignore", "half");
    REQUIRE(job.train().code == 0);
    CHECK(job.list("model").size() == 4);
    CHECK_FALSE(job.has("output/data/algo-1/training_curves.png.123.sagemaker-ignore"));
}
