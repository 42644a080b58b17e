// What a job may be given: formats, trees of both local modes, ways to be started.
#include <opencv2/imgcodecs.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/image_files.hpp"
#include "support/job.hpp"

using namespace tundish::testing;

namespace {

std::vector<std::string> classes_of(const Job& job) {
    return nlohmann::json::parse(job.read("model/config.json")).at("class_names").get<std::vector<std::string>>();
}

Ended finished(const Job& job) {
    Ended ended = job.train();
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK(job.list("model").size() == 4);
    return ended;
}

}  // namespace

TEST_CASE("CIFAR-10 inside the folder that its archive unpacks to, with stray files beside it") {
    const Job job;
    write_cifar10(job.folder(), "ml/input/data/train/cifar-10-batches-bin", 1, 50);
    job.write("input/data/train/_SUCCESS", "");
    job.write("input/data/train-manifest", "s3://bucket/prefix/\n");
    const Ended ended = finished(job);
    CHECK(ended.says("_SUCCESS"));
    CHECK(classes_of(job) == cifar10_names());
}

TEST_CASE("CIFAR-100 trains on the fine labels, with their names") {
    const Job job;
    write_cifar100(job.folder(), "ml/input/data/train", 120);
    finished(job);
    const auto classes = classes_of(job);
    REQUIRE(classes.size() == 100);
    CHECK(classes[99] == "fine99");
}

TEST_CASE("image folders with a validation channel: classes are the sorted names of the folders") {
    const Job job;
    job.channels({"train", "validation"});
    write_image_folder(job.folder(), "ml/input/data/train", {"dog", "cat", "bird"}, 10, ".png");
    write_image_folder(job.folder(), "ml/input/data/validation", {"cat", "dog", "bird"}, 4, ".jpg");
    const Ended ended = finished(job);
    CHECK(ended.says("12 samples"));
    CHECK(ended.count("Validation-accuracy=") == 1);
    CHECK(classes_of(job) == std::vector<std::string>{"bird", "cat", "dog"});
}

TEST_CASE("without validation data there is a model and no validation line") {
    const Job job;
    write_image_folder(job.folder(), "ml/input/data/train", {"a", "b"}, 10);
    CHECK(finished(job).count("alidation-accuracy=") == 0);
}

TEST_CASE("a .lst channel names the labels of images") {
    const Job job{{{"num_classes", "2"}}};
    job.channels({"train", "train_lst", "validation", "validation_lst"});
    std::string list;
    for (int i = 0; i < 12; ++i) {
        const std::string name = "images/" + std::to_string(i) + ".png";
        job.write("input/data/train/" + name, plain_image(".png", 32, 32, 20 * i, i, 9));
        job.write("input/data/validation/" + name, plain_image(".png", 32, 32, 20 * i, i, 9));
        list += std::to_string(i) + "\t" + std::to_string(i % 2) + "\t" + name + "\n";
    }
    job.write("input/data/train_lst/train.lst", list);
    job.write("input/data/validation_lst/validation.lst", list);
    finished(job);
    CHECK(classes_of(job).size() == 2);
}

TEST_CASE("the tree of local mode in SDK v2: quoted values, a host with a random ending") {
    Job job;
    job.cifar10();
    job.write(
        "input/config/hyperparameters.json",
        R"({"model":"\"lenet\"","epochs":"1","batch-size":"50","optimizer":"\"sgd\"","early_stopping":"true","model_dir":"s3://b/m",
                  "sagemaker_region":"\"eu-west-1\"","sagemaker_job_name":"\"j\"","_tuning_objective_metric":"validation:accuracy"})");
    job.write("input/config/resourceconfig.json",
              R"({"current_host":"algo-1-x7k2p","hosts":["algo-1-x7k2p"],"network_interface_name":"eth0",
                                                      "current_instance_type":"local"})");
    const Ended ended = finished(job);
    CHECK(ended.says("lenet, sgd, 1 epoch"));
    CHECK(job.has("output/data/algo-1-x7k2p/metrics.jsonl"));
}

TEST_CASE("the tree of local mode in SDK v3: no verb, channels of its own, an interface that is not there") {
    Job job;
    job.cifar10();
    job.channels({"train", "code", "sm_drivers"});
    job.write("input/data/code/train.py", "print()");
    job.write("input/data/sm_drivers/x.sh", "true");
    job.write("input/config/resourceconfig.json",
              R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"ethwe",
                                                      "current_instance_type":"local_cpu","topology":null})");
    const Ended ended = run_tundish({"--root", job.root().string()}, job.environment());
    INFO(ended.output);
    REQUIRE(ended.code == 0);
    CHECK(ended.says("\"code\" is left alone"));
    CHECK(ended.says("\"sm_drivers\" is left alone"));
    CHECK(job.list("model").size() == 4);
}

TEST_CASE("a link named train is the verb, and SAGEMAKER_BASE_DIR the root") {
    Job job;
    job.cifar10();
    const auto link = job.folder().path() / "train";
    std::filesystem::create_symlink(TUNDISH_EXECUTABLE, link);
    auto environment = job.environment();
    environment["SAGEMAKER_BASE_DIR"] = job.root().string();
    const Ended ended = Process(link, {link.string()}, environment).wait();
    INFO(ended.output);
    CHECK(ended.code == 0);
    CHECK(job.list("model").size() == 4);
}

TEST_CASE("without configuration files the folders in input/data are the channels") {
    Job job;
    job.cifar10();
    std::filesystem::remove(job.at("input/config/inputdataconfig.json"));
    std::filesystem::remove(job.at("input/config/resourceconfig.json"));
    const Ended ended = finished(job);
    CHECK(ended.says("are taken as File-mode channels"));
    CHECK(job.has("output/data/algo-1/metrics.jsonl"));
}
