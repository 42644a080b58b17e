#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "support/catch.hpp"
#include "support/job.hpp"

using namespace tundish::testing;

namespace {

// Lines in which the regex finds something, as CloudWatch looks for metrics.
int lines_with(const std::string& output, const std::string& regex) {
    const std::regex wanted(regex);
    std::istringstream lines(output);
    int found = 0;
    for (std::string line; std::getline(lines, line);) found += std::regex_search(line, wanted) ? 1 : 0;
    return found;
}

unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
}

std::vector<nlohmann::json> json_lines(const std::string& content) {
    std::vector<nlohmann::json> out;
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) out.push_back(nlohmann::json::parse(line));
    return out;
}

class UmaskGuard {
  public:
    explicit UmaskGuard(mode_t mask) : old_(::umask(mask)) {}
    UmaskGuard(const UmaskGuard&) = delete;
    UmaskGuard& operator=(const UmaskGuard&) = delete;
    ~UmaskGuard() { ::umask(old_); }

  private:
    mode_t old_;
};

constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n";

}  // namespace

TEST_CASE("a CIFAR-10 job leaves everything that it should, and nothing else") {
    // One run for all sections: none changes anything.
    static Job job{{{"epochs", "2"}, {"test_time_augmentation", "true"}}};
    static const Ended ended = [] {
        job.cifar10(60);
        job.write("output/failure", "an old reason");
        const UmaskGuard umask(0077);
        return job.train();
    }();
    INFO(ended.output);
    REQUIRE(ended.code == 0);

    SECTION("data: the test file is the validation set and is never trained on") {
        CHECK(ended.says("120 samples"));
        CHECK(ended.says("its test file is the validation set"));
    }
    SECTION("the failure file of an earlier run is gone") {
        CHECK_FALSE(job.has("output/failure"));
    }
    SECTION("exactly four files, readable by everyone") {
        CHECK(job.list("model") ==
              std::vector<std::string>{"config.json", "model.pt", "model.safetensors", "state_dict.pt"});
        for (const auto& entry : std::filesystem::recursive_directory_iterator(job.root())) {
            if (entry.path().string().find("/input/") != std::string::npos || entry.path().filename() == "input")
                continue;
            INFO(entry.path().string());
            CHECK(std::filesystem::is_symlink(entry.path()) == false);
            if (entry.is_regular_file()) CHECK(mode_of(entry.path()) == 0644U);
            // model/ and output/ were there before.
            if (entry.is_directory() && entry.path() != job.at("model") && entry.path() != job.at("output"))
                CHECK(mode_of(entry.path()) == 0755U);
        }
    }
    SECTION("each published regex matches one line per epoch") {
        for (const char* regex :
             {R"(.*loss: ([0-9\.]+) - accuracy: [0-9\.]+.*)", R"(.*loss: [0-9\.]+ - accuracy: ([0-9\.]+).*)",
              R"(.*step - loss: [0-9\.]+ - accuracy: [0-9\.]+ - val_loss: [0-9\.]+ - val_accuracy: ([0-9\.]+).*)",
              R"(.* (\d+)[mu]s/step - loss: [0-9\.]+)", R"(Epoch\[[0-9]+\] Train-accuracy=([0-9\.]+))",
              R"(Epoch\[[0-9]+\] Validation-accuracy=([0-9\.]+))"}) {
            INFO(regex);
            CHECK(lines_with(ended.output, regex) == 2);
        }
        const auto described = nlohmann::json::parse(run_tundish({"describe", "--metrics"}).output);
        for (const auto& metric : described) {
            const auto name = metric.at("Name").get<std::string>();
            const bool end_only = name.find("tta") != std::string::npos || name.find("top_k") != std::string::npos;
            INFO(name);
            if (!end_only) CHECK(lines_with(ended.output, metric.at("Regex").get<std::string>()) == 2);
        }
    }
    SECTION("no line has a tab, a carriage return or colour") {
        CHECK(ended.output.find_first_of("\t\r\033") == std::string::npos);
    }
    SECTION("metrics.jsonl has a line per epoch") {
        const auto lines = json_lines(job.read("output/data/algo-1/metrics.jsonl"));
        REQUIRE(lines.size() == 2);
        CHECK(lines[0].at("epoch") == 0);
        CHECK(lines[1].at("epoch") == 1);
        CHECK(lines[1].at("validation_samples") == 60);
        CHECK(lines[1].at("step") == 6);
    }
    SECTION("pictures, TensorBoard events and SageMaker's metric file") {
        for (const char* name : {"training_curves.png", "confusion_matrix.png"}) {
            INFO(name);
            CHECK(job.read(std::filesystem::path("output/data/algo-1") / name).starts_with(kPng));
        }
        const auto events = job.list("output/data/algo-1/tensorboard");
        REQUIRE(events.size() == 1);
        CHECK(events[0].starts_with("events.out.tfevents."));
        CHECK(job.read("output/data/algo-1/tensorboard/" + events[0]).find("brain.Event:2") != std::string::npos);
        const auto metrics = job.list("output/metrics/sagemaker");
        REQUIRE(metrics.size() == 1);
        int accuracies = 0;
        for (const auto& line : json_lines(job.read("output/metrics/sagemaker/" + metrics[0]))) {
            CHECK(line.at("Value").is_number());
            accuracies += line.at("MetricName") == "validation:accuracy" ? 1 : 0;
        }
        CHECK(accuracies == 2);
    }
    SECTION("config.json names the classes and the metrics of the model") {
        const auto config = nlohmann::json::parse(job.read("model/config.json"));
        CHECK(config.at("class_names").get<std::vector<std::string>>() == cifar10_names());
        CHECK(config.at("input_shape") == nlohmann::json({3, 32, 32}));
        CHECK(config.at("metrics").contains("validation_accuracy"));
        CHECK(config.at("metrics").contains("validation_accuracy_tta"));
    }
    SECTION("nothing is written beside the root, in HOME or in TMPDIR") {
        CHECK(job.list("..") == std::vector<std::string>{"home", "ml", "tmp"});
        CHECK(job.list("../home").empty());
        CHECK(job.list("../tmp").empty());
        CHECK(job.list("") == std::vector<std::string>{"checkpoints", "input", "model", "output"});
        CHECK(job.list("input/data") == std::vector<std::string>{"train"});
        CHECK(job.list("output") == std::vector<std::string>{"data", "metrics"});
    }
}

TEST_CASE(
    "TensorBoard events go where tensorboardoutputconfig.json says, checkpoints where checkpointconfig.json says") {
    Job job;
    job.cifar10();
    job.write("input/config/tensorboardoutputconfig.json",
              R"({"S3OutputPath":"s3://b/p","LocalPath":"/opt/ml/output/tensorboard/"})");
    job.write("input/config/checkpointconfig.json", R"({"LocalPath":"/opt/ml/state"})");
    const Ended ended = job.train();
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK(job.list("output/tensorboard").size() == 1);
    CHECK(job.list("state") == std::vector<std::string>{"checkpoint-2.pt"});
    CHECK_FALSE(job.has("checkpoints"));
}
