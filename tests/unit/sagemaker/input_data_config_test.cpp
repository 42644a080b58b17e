#include "tundish/sagemaker/input_data_config.hpp"

#include "support/catch.hpp"
#include "support/recorded_configs.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

const Paths kPaths("/r");

InputDataConfig parse(const std::string& json) {
    return parse_input_data_config(json, kPaths);
}

/// The message without the file's name at its start.
std::string problem_of(const std::string& json) {
    const std::string file = "/r/input/config/inputdataconfig.json: ";
    try {
        parse(json);
    } catch (const ConfigError& error) {
        const std::string message = error.what();
        return message.starts_with(file) ? message.substr(file.size()) : message;
    }
    return "";
}

}  // namespace

TEST_CASE("recorded channel configurations are read") {
    for (const RecordedJob* job : kRecordedJobs) {
        INFO(job->name);
        const auto config = parse(job->input_data_config);
        CHECK(config.train.name == "train");
        CHECK(config.train.path == "/r/input/data/train");
        CHECK_FALSE(config.guessed);
    }
    const auto sharded = parse(kTwoHosts2020.input_data_config);
    CHECK(sharded.train.distribution == Distribution::sharded_by_s3_key);
    CHECK(sharded.notes.size() == 1);

    const auto own = parse(kOwnContainer2022.input_data_config);
    CHECK(own.train.content_type == "application/x-recordio");
    CHECK(own.validation->path == "/r/input/data/validation");
    CHECK(own.notes.empty());

    CHECK(parse(kTopologyNull2025.input_data_config).train.mode == InputMode::fast_file);
    CHECK(parse(kLocalV3.input_data_config).notes.size() == 2);

    const auto tuned = parse(kTuningJob.input_data_config);
    CHECK(tuned.validation->name == "test");
    CHECK(tuned.train_lst->path == "/r/input/data/train_lst");
}

TEST_CASE("modes are read in any case") {
    const auto config = parse(R"({"train":{"TrainingInputMode":"PIPE","RecordWrapperType":"recordio",
        "S3DistributionType":"shardedbys3key"},"eval":{"TrainingInputMode":null}})");
    CHECK(config.train.mode == InputMode::pipe);
    CHECK(config.train.wrapper == RecordWrapper::recordio);
    CHECK(config.train.distribution == Distribution::sharded_by_s3_key);
    CHECK(config.validation->mode == InputMode::file);
}

TEST_CASE("of several names for one role the first is used and the others are noted") {
    const auto config = parse(R"({"train":{},"training":{},"eval":{},"validation":{},"pretrained":{},"code":{}})");
    CHECK(config.train.name == "train");
    CHECK(config.validation->name == "validation");
    CHECK(config.model->name == "pretrained");
    CHECK(config.notes.size() == 3);
    CHECK(parse(R"({"training":{}})").train.path == "/r/input/data/training");
}

TEST_CASE("unknown channels are not looked into") {
    CHECK(parse(R"({"train":{},"code":17})").notes.size() == 1);
}

TEST_CASE("a job without a train channel is told which channels it has") {
    CHECK(problem_of(R"({"validation":{},"data":{}})") ==
          "the job has no 'train' channel; its channels are: data, validation "
          "(/r/input/config/inputdataconfig.json). "
          "Give it an input channel named train.");
    CHECK(problem_of("{}").find("it has no channels at all") != std::string::npos);
}

TEST_CASE("a wrong channel configuration is named with key, expectation and finding") {
    CHECK(problem_of(R"({"train":"File"})") ==
          "train should be an object that describes the channel, found the text \"File\"");
    CHECK(problem_of(R"({"train":{"TrainingInputMode":3}})") ==
          "train.TrainingInputMode should be a text, found the number 3");
    CHECK(problem_of(R"({"train":{"TrainingInputMode":"Fil"}})") ==
          "train.TrainingInputMode should be one of File, FastFile, Pipe, found \"Fil\"");
    CHECK(problem_of(R"({"train":{"RecordWrapperType":"x"}})") ==
          "train.RecordWrapperType should be one of None, RecordIO, found \"x\"");
    CHECK_FALSE(problem_of(R"({"train":{},"../x":{}})").empty());
}

TEST_CASE("a channel may not be called like the FIFO of another") {
    CHECK(problem_of(R"({"train":{"TrainingInputMode":"Pipe"},"train_1":{}})") ==
          "channel \"train_1\" has the name of a FIFO of the Pipe-mode channel 'train'. Give it another name.");
    CHECK(problem_of(R"({"train":{"TrainingInputMode":"File"},"train_1":{}})").empty());
    CHECK(problem_of(R"({"train":{"TrainingInputMode":"Pipe"},"train_lst":{},"train_":{},"train_01":{},"train_1a":{}})")
              .empty());
    CHECK_FALSE(problem_of(R"({"train":{},"test":{"TrainingInputMode":"Pipe"},"test_0":{}})").empty());
}

TEST_CASE("without a configuration the folders are taken, and files are not") {
    const TempFolder root;
    const Paths paths(root.path());
    CHECK_THROWS_AS(read_input_data_config(paths), ConfigError);

    root.write("input/data/train/a.bin", "x");
    root.write("input/data/test/a.bin", "x");
    root.write("input/data/validation-manifest", "x");
    root.write("input/data/validation", "a file");
    const auto config = read_input_data_config(paths);
    CHECK(config.guessed);
    CHECK(config.train.path == root.path() / "input/data/train");
    CHECK(config.validation->name == "test");
    REQUIRE(config.notes.size() == 1);
    CHECK(config.notes[0].find("taken as File-mode channels") != std::string::npos);

    root.write("input/config/inputdataconfig.json", R"({"train":{}})");
    CHECK_FALSE(read_input_data_config(paths).guessed);
}
