// SIGTERM and SIGINT: exit 0 soon, and the next start goes on as if nothing had happened.
#include <opencv2/imgcodecs.hpp>

#include <fstream>

#include "support/catch.hpp"
#include "support/image_files.hpp"
#include "support/job.hpp"

using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kPatience{10 * kSlowness};  // from the signal to the end; the platform gives 120

// Long enough to be hit in the middle: 8 epochs of 100 steps.
const Job::Hyperparameters kLong{{"epochs", "8"}, {"batch_size", "2"}};

Job::Hyperparameters long_with_rule(const std::string& name, const std::string& value) {
    auto all = kLong;
    all[name] = value;
    return all;
}

struct Weights {
    std::string state_dict;
    std::string safetensors;
    bool operator==(const Weights&) const = default;
};

Weights weights_of(const Job& job) {
    return {job.read("model/state_dict.pt"), job.read("model/model.safetensors")};
}

const Weights& uninterrupted() {
    static const Weights weights = [] {
        Job job(kLong);
        job.cifar10(100);
        const Ended ended = job.train();
        if (ended.code != 0) throw std::runtime_error("the uninterrupted run failed: " + ended.output);
        return weights_of(job);
    }();
    return weights;
}

void check_resumes(const Job& job) {
    const Ended second = job.train();
    INFO(second.output);
    REQUIRE(second.code == 0);
    CHECK(second.says("resumed from a checkpoint"));
    CHECK(weights_of(job) == uninterrupted());
    CHECK(job.list("model").size() == 4);
}

// The first child of a process; 0 while there is none.
pid_t child_of(pid_t parent) {
    const std::string id = std::to_string(parent);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    pid_t child = 0;
    children >> child;
    return child;
}

}  // namespace

TEST_CASE("a stop in the middle of an epoch: a checkpoint, exit 0, and the same weights in the end") {
    const int signal_number = GENERATE(SIGTERM, SIGINT);
    Job job(kLong);
    job.cifar10(100);
    Process run = job.start();
    REQUIRE(run.wait_for("first training step"));
    run.let_run(signal_number == SIGTERM ? 50ms : 500ms * kSlowness);
    run.send(signal_number);
    const Ended ended = run.wait(kPatience);
    INFO(ended.output);
    CHECK_FALSE(ended.hung);
    REQUIRE(ended.code == 0);
    CHECK(ended.says("stopped on request at step"));
    CHECK_FALSE(job.list("checkpoints").empty());
    CHECK_FALSE(job.has("output/failure"));
    const auto files = job.list("model").size();
    CHECK((files == 0 || files == 4));
    check_resumes(job);
}

TEST_CASE("stopped again and again, the end is the same") {
    Job job(kLong);
    job.cifar10(100);
    for (int i = 0; i < 3; ++i) {
        Process run = job.start();
        REQUIRE(run.wait_for("first training step"));
        run.let_run(130ms * i);
        run.send(SIGTERM);
        const Ended ended = run.wait(kPatience);
        INFO(ended.output);
        REQUIRE(ended.code == 0);
        if (!ended.says("stopped on request")) break;  // it had finished already
    }
    check_resumes(job);
}

TEST_CASE("a stop while data is loaded: exit 0, no failure file") {
    Job job{{{"image_shape", "3,32,32"}}};
    // One large image under many names keeps the loader busy for seconds.
    job.write("input/data/train/a/0.png", noisy_image(".png", 1000, 1000));
    std::filesystem::create_directories(job.at("input/data/train/b"));
    for (int i = 1; i < 600; ++i) {
        const std::string name =
            std::string("input/data/train/") + (i % 2 == 0 ? "a/" : "b/") + std::to_string(i) + ".png";
        std::filesystem::create_hard_link(job.at("input/data/train/a/0.png"), job.at(name));
    }
    Process run = job.start();
    REQUIRE(run.wait_for("format image_folder"));
    run.let_run(100ms);
    run.send(SIGTERM);
    const Ended ended = run.wait(kPatience);
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("stopped on request during reading channel 'train'"));
    CHECK_FALSE(job.has("output/failure"));
    CHECK(job.list("model").empty());
}

TEST_CASE("a stop soon after the start, wherever it hits") {
    Job job(kLong);
    job.cifar10(100);
    Process run = job.start();
    REQUIRE(run.wait_for("format cifar10"));
    run.send(SIGTERM);
    const Ended ended = run.wait(kPatience);
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("stopped on request"));
    const Ended second = job.train();
    CHECK(second.code == 0);
    CHECK(weights_of(job) == uninterrupted());
}

TEST_CASE("as process 1 of a container it hears SIGTERM too") {
    Job job(kLong);
    job.cifar10(100);
    Process run(
        "/usr/bin/unshare",
        {"unshare", "--pid", "--fork", "--mount-proc", TUNDISH_EXECUTABLE, "train", "--root", job.root().string()},
        job.environment());
    if (!run.wait_for("first training step")) {
        const Ended ended = run.wait();
        INFO(ended.output);
        REQUIRE(ended.says("unshare"));
        SKIP_TEST("unshare needs root");
    }
    const pid_t child = child_of(run.pid());
    REQUIRE(child > 1);
    ::kill(child, SIGTERM);
    const Ended ended = run.wait(kPatience);
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("stopped on request"));
    check_resumes(job);
}

TEST_CASE("a job that max_train_seconds has ended goes on exactly when it is given more") {
    Job job(long_with_rule("max_train_seconds", "0.02"));
    job.cifar10(100);
    const Ended first = job.train();
    INFO(first.output);
    REQUIRE(first.code == 0);
    CHECK(first.says("max_train_seconds 0.02 is used up"));
    job.hyperparameters(kLong);
    check_resumes(job);
}

TEST_CASE("a job that target_accuracy has ended is finished until more is asked for") {
    Job job(long_with_rule("target_accuracy", "0.0001"));
    job.cifar10(100);
    CHECK(job.train().says("reached target_accuracy"));
    CHECK(job.train().says("already finished"));
    job.hyperparameters(kLong);
    check_resumes(job);
}

TEST_CASE("a stop in the last evaluation keeps the best model") {
    Job job{{{"model", "airbench"}, {"epochs", "4"}, {"batch_size", "250"}, {"checkpoint_frequency", "4"}}};
    job.cifar10(500 / kSlowness);
    Process run = job.start();
    REQUIRE(run.wait_for("epoch=3;"));
    run.send(SIGTERM);
    const Ended ended = run.wait(kPatience);
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(ended.says("in the last evaluation"));
    std::string best;  // of the epochs' lines
    const std::string name = " validation_accuracy=";
    for (auto at = ended.output.find(name); at != std::string::npos; at = ended.output.find(name, at + 1)) {
        const auto begin = at + name.size();
        best = std::max(best, ended.output.substr(begin, ended.output.find(';', at) - begin));
    }
    const auto written = job.read("model/config.json");
    const auto value = written.find("\"validation_accuracy\":");
    REQUIRE(value != std::string::npos);
    CHECK(std::abs(std::stod(written.substr(value + 22)) - std::stod(best)) < 1e-6);
    CHECK(job.train().says("already finished"));
    CHECK(job.read("model/config.json").find("validation_accuracy_tta") != std::string::npos);
}
