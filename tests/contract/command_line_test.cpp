#include <opencv2/imgcodecs.hpp>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/catch.hpp"
#include "support/image_files.hpp"
#include "support/job.hpp"

using namespace tundish::testing;

namespace {

std::size_t lines_of(const std::string& output) {
    return static_cast<std::size_t>(std::count(output.begin(), output.end(), '\n'));
}

}  // namespace

TEST_CASE("--version and --help answer and end with 0") {
    const Ended version = run_tundish({"--version"});
    CHECK(version.code == 0);
    CHECK(version.output.starts_with("tundish "));
    const Ended help = run_tundish({"--help"});
    CHECK(help.code == 0);
    for (const char* verb : {"train", "predict", "describe", "serve"}) CHECK(help.says(verb));
    CHECK(run_tundish({"train", "--help"}).code == 0);
}

TEST_CASE("no verb and no job: the usage, exit 2") {
    const TempFolder empty;
    const Ended ended = run_tundish({"--root", (empty.path() / "nothing").string()});
    CHECK(ended.code == 2);
    CHECK(ended.says("nothing to do"));
    CHECK(ended.says("predict"));
    CHECK(ended.says("--help"));
}

TEST_CASE("an unknown verb or argument: one sentence, exit 2, and no training") {
    const Job job;
    const Ended verb = run_tundish({"frobnicate", "--root", job.root().string()}, job.environment());
    CHECK(verb.code == 2);
    CHECK(verb.says("unknown verb 'frobnicate'"));
    CHECK(lines_of(verb.output) == 1);
    const Ended argument = run_tundish({"train", "--root", job.root().string(), "--epochs", "3"}, job.environment());
    CHECK(argument.code == 2);
    CHECK(argument.says("--epochs"));
    CHECK(run_tundish({"train", "--root"}).code == 2);
    CHECK(run_tundish({"predict"}).code == 2);
}

TEST_CASE("serve refuses wrong arguments and variables, all of these at once") {
    const Ended port = run_tundish({"serve", "--port", "80800"});
    CHECK(port.code == 2);
    CHECK(port.says("--port"));
    const Ended variables =
        run_tundish({"serve"}, {{"SAGEMAKER_BIND_TO_PORT", "http"}, {"SAGEMAKER_MODEL_SERVER_WORKERS", "0"}});
    INFO(variables.output);
    CHECK(variables.code == 2);
    CHECK(variables.says("SAGEMAKER_BIND_TO_PORT is 'http', expected a whole number from 1 to 65535"));
    CHECK(variables.says("SAGEMAKER_MODEL_SERVER_WORKERS is '0'"));
    CHECK(lines_of(variables.output) == 1);
}

TEST_CASE("feed and pack refuse wrong arguments in one sentence") {
    const Job job;
    const std::string root = job.root().string();
    const std::vector<std::pair<Arguments, std::string>> table{
        {{"feed", "--root", root}, "channels is required"},
        {{"feed", "--root", root, "train"}, "expected CHANNEL=PATH, found 'train'"},
        {{"feed", "--root", root, "train=" + root + "/none"}, "none does not exist"},
        {{"feed", "--root", root, "--rate", "-5", "train=" + root}, "expected a size such as 100M"},
        {{"feed", "--root", root, "--manifest", "x", "a=" + root, "b=" + root}, "--manifest CHANNEL=FILE"},
        {{"pack", "--to", "zip", root, root + "/out"}, "tfrecord or cifar"},
        {{"pack", "--to", "cifar", root + "/none", root + "/out"}, "none does not exist"},
        {{"pack", "--to", "cifar", "--part", "some", root, root + "/out"}, "train, test or all"}};
    for (const auto& [arguments, expected] : table) {
        const Ended ended = run_tundish(arguments);
        INFO(ended.output);
        CHECK(ended.code == 2);
        CHECK(ended.says(expected));
        CHECK(lines_of(ended.output) == 1);
    }
}

TEST_CASE("describe prints JSON documents") {
    const auto whole = nlohmann::json::parse(run_tundish({"describe"}).output);
    CHECK(whole == nlohmann::json::parse(run_tundish({"describe", "--create-algorithm"}).output));
    REQUIRE(whole.contains("TrainingSpecification"));
    const auto names = nlohmann::json::parse(run_tundish({"describe", "--hyperparameters"}).output);
    REQUIRE(names.is_array());
    CHECK(names.size() > 40);
    CHECK(whole["TrainingSpecification"].at("SupportedHyperParameters") == names);
    const auto metrics = nlohmann::json::parse(run_tundish({"describe", "--metrics"}).output);
    REQUIRE(metrics.is_array());
    for (const auto& metric : metrics) CHECK(metric.size() == 2);
    CHECK(whole["TrainingSpecification"].at("MetricDefinitions") == metrics);
}

TEST_CASE("predict classifies files with the model that train left") {
    Job job;
    job.cifar10();
    REQUIRE(job.train().code == 0);
    const std::string model = job.at("model").string();
    const auto in_job = [&](const char* name) { return job.at(name).string(); };
    job.write("a.png", noisy_image(".png", 32, 32));
    job.write("b.jpg", noisy_image(".jpg", 100, 60));
    job.write("half.png", noisy_image(".png", 64, 64).substr(0, 900));
    job.write("words.png", "these are words");

    SECTION("a line per file, each with a class of the list") {
        const Ended ended = run_tundish({"predict", "--model", model, in_job("a.png"), in_job("b.jpg")});
        INFO(ended.output);
        CHECK(ended.code == 0);
        std::istringstream lines(ended.output);
        std::size_t count = 0;
        for (std::string line; std::getline(lines, line); ++count) {
            const auto found = std::find_if(cifar10_names().begin(), cifar10_names().end(), [&](const auto& name) {
                return line.find(": " + name + " 0.") != std::string::npos;
            });
            CHECK(found != cifar10_names().end());
        }
        CHECK(count == 2);
    }
    SECTION("a file that is not an image, half an image, no file: exit 2 with the file's name") {
        for (const char* name : {"words.png", "half.png", "missing.png"}) {
            const Ended ended = run_tundish({"predict", "--model", model, in_job(name)});
            INFO(ended.output);
            CHECK(ended.code == 2);
            CHECK(ended.says(name));
        }
    }
    SECTION("bad files among good ones: each is named, the others are classified, exit 2") {
        const Ended ended = run_tundish({"predict", "--model", model, in_job("words.png"), in_job("a.png"),
                                         in_job("missing.png"), in_job("b.jpg")});
        INFO(ended.output);
        CHECK(ended.code == 2);
        CHECK(ended.says("words.png: "));
        CHECK(ended.says("no file " + in_job("missing.png")));
        CHECK(ended.says("a.png: "));
        CHECK(ended.says("b.jpg: "));
        CHECK(ended.says("2 of 4 files could not be classified"));
    }
    SECTION("a damaged, cut or missing file of the model: exit 2 with its name") {
        for (const char* name : {"model.pt", "state_dict.pt", "model.safetensors", "config.json"}) {
            const std::string before = job.read(std::filesystem::path("model") / name);
            std::string damaged = before;
            damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
            for (const std::string& content : {damaged, before.substr(0, before.size() / 2), std::string()}) {
                if (std::string_view(name) == "config.json" && content == damaged) continue;  // may still be good JSON
                job.write(std::filesystem::path("model") / name, content);
                const Ended ended = run_tundish({"predict", "--model", model, in_job("a.png")});
                INFO(name << ", " << content.size() << " bytes: " << ended.output);
                CHECK(ended.code == 2);
                CHECK(ended.says(name));
            }
            job.write(std::filesystem::path("model") / name, before);
        }
        std::filesystem::remove_all(job.at("model"));
        const Ended ended = run_tundish({"predict", "--model", model, in_job("a.png")});
        CHECK(ended.code == 2);
        CHECK(ended.says("config.json"));
    }
}
