#include "tundish/sagemaker/hyperparameters.hpp"

#include "support/catch.hpp"
#include "support/recorded_configs.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string problem_of(const std::string& json) {
    try {
        parse_hyperparameters(json, "f");
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

/// `{"name": value}`; the value is written as JSON.
TrainOptions with(const std::string& name, const std::string& json_value) {
    return parse_hyperparameters(text("{\"", name, "\":", json_value, "}")).options;
}

std::string bad(const std::string& name, const std::string& json_value) {
    return problem_of(text("{\"", name, "\":", json_value, "}"));
}

}  // namespace

TEST_CASE("no hyperparameters leave every default") {
    const auto settings = parse_hyperparameters("{}");
    CHECK(settings.options.model == "auto");
    CHECK_FALSE(settings.options.epochs.has_value());
    CHECK(settings.log_level == LogLevel::info);
    CHECK(settings.notes.empty());
    const TempFolder root;
    CHECK(read_hyperparameters(Paths(root.path())).options.model == "auto");
}

TEST_CASE("recorded hyperparameters are understood, whatever the SDK did to them") {
    for (const RecordedJob* job : kRecordedJobs) {
        INFO(job->name);
        CHECK_NOTHROW(parse_hyperparameters(job->hyperparameters));
    }
    const auto quoted = parse_hyperparameters(kTwoHosts2020.hyperparameters);
    CHECK(quoted.options.optimizer == OptimizerKind::adam);
    CHECK(quoted.options.epochs == 5.0);
    REQUIRE(quoted.notes.size() == 1);
    CHECK(quoted.notes[0] ==
          "hyperparameters set aside: sagemaker_container_log_level, sagemaker_job_name, "
          "sagemaker_program, sagemaker_region, sagemaker_submit_directory");

    const auto lab = parse_hyperparameters(kTopologyNull2025.hyperparameters);
    CHECK(lab.options.batch_size == 256);
    CHECK(lab.options.learning_rate == 0.001);

    for (const RecordedJob* job : {&kLocalV2, &kLocalV3}) {
        const auto local = parse_hyperparameters(job->hyperparameters);
        CHECK(local.options.early_stopping);
        CHECK(local.options.lr_scheduler_step == std::vector<double>{1, 2});
    }

    const auto tuned = parse_hyperparameters(kTuningJob.hyperparameters);
    CHECK(tuned.options.learning_rate == 0.0012589254117941675);
    CHECK(tuned.options.batch_size_per_host == 64);
    CHECK(tuned.options.precision == Precision::fp32);
    CHECK(tuned.options.data.num_classes == 10);
    CHECK(tuned.options.data.image_shape == ImageShape{3, 32, 32});
    CHECK(tuned.options.data.num_training_samples == 50000);
    CHECK(tuned.notes.size() == 2);
}

TEST_CASE("whole numbers may be quoted, have a point, and be JSON numbers") {
    for (const char* five : {"\"5\"", "\"5.0\"", "\"\\\"5\\\"\"", "5", "5.0", "\" 5 \"", "\"5e0\""}) {
        INFO(five);
        CHECK(with("batch_size", five).batch_size == 5);
    }
    for (const char* wrong :
         {"\"5.5\"", "\"five\"", "\"\"", "\"5 6\"", "\"0x5\"", "\"5,\"", "true", "[5]", "{}", "\"+5\"", "\"nan\"",
          "\"inf\"", "\"1e999\"", "\"99999999999999999999\"", "0", "-1", "18446744073709551615"}) {
        INFO(wrong);
        CHECK_FALSE(bad("batch_size", wrong).empty());
    }
    CHECK_FALSE(bad("top_k", "\"4294967296\"").empty());
    CHECK(with("seed", "\"2147483647\"").seed == 2147483647);
}

TEST_CASE("numbers are finite and within their range") {
    for (const char* value : {"\"1e-3\"", "\"0.001\"", "0.001", "\"\\\"0.001\\\"\"", "1E-3"}) {
        INFO(value);
        CHECK(with("learning_rate", value).learning_rate == 0.001);
    }
    for (const char* wrong :
         {"\"NaN\"", "\"Infinity\"", "\"-inf\"", "\"0,1\"", "\"0.1x\"", "-0.1", "\"1e400\"", "\"1e-400\""}) {
        INFO(wrong);
        CHECK_FALSE(bad("learning_rate", wrong).empty());
    }
    CHECK(bad("target_accuracy", "\"94\"") == "hyperparameters: target_accuracy: 94 is outside 0..1 (f)");
}

TEST_CASE("booleans come in the words of every language") {
    for (const char* on : {"\"true\"", "\"True\"", "\"1\"", "\"yes\"", "true", "1", "\"\\\"True\\\"\""}) {
        INFO(on);
        CHECK(with("early_stopping", on).early_stopping);
    }
    for (const char* off : {"\"false\"", "\"False\"", "\"0\"", "\"no\"", "false", "0"}) {
        INFO(off);
        CHECK_FALSE(with("progress", off).progress);
    }
    CHECK(bad("flip", "\"2\"") == "hyperparameters: flip: \"2\" is not true or false (f)");
}

TEST_CASE("lists come as JSON, as Python prints them and with commas") {
    const std::vector<double> expected{10, 20.5};
    for (const char* value : {"\"10,20.5\"", "\"10, 20.5\"", "\"[10, 20.5]\"", "[10,20.5]", "[\"10\",\"20.5\"]",
                              "\"\\\"10,20.5\\\"\"", "\"(10, 20.5)\""}) {
        INFO(value);
        CHECK(with("lr_scheduler_step", value).lr_scheduler_step == expected);
    }
    CHECK(with("lr_scheduler_step", "\"10\"").lr_scheduler_step == std::vector<double>{10});
    CHECK(with("lr_scheduler_step", "10").lr_scheduler_step == std::vector<double>{10});
    CHECK(with("lr_scheduler_step", "\"\"").lr_scheduler_step.empty());
    CHECK(with("lr_scheduler_step", "\"[]\"").lr_scheduler_step.empty());
    for (const char* wrong :
         {"\"10;20\"", "\"10,,20\"", "\"10,20,\"", "\"[10,20\"", "[[1]]", "\"a,b\"", "{}", "\"-1\""}) {
        INFO(wrong);
        CHECK_FALSE(bad("lr_scheduler_step", wrong).empty());
    }
}

TEST_CASE("an image shape is channels, height, width") {
    for (const char* value : {"\"3,32,48\"", "\"(3, 32, 48)\"", "[3,32,48]", "\"\\\"3,32,48\\\"\""}) {
        INFO(value);
        CHECK(with("image_shape", value).data.image_shape == ImageShape{3, 32, 48});
    }
    for (const char* wrong : {"\"32,32,3\"", "\"3,32\"", "\"3,32,32,1\"", "\"3,0,32\"", "\"3,32.5,32\"",
                              "\"3,99999,32\"", "\"\"", "\"2,3,4\""}) {
        INFO(wrong);
        CHECK_FALSE(bad("image_shape", wrong).empty());
    }
}

TEST_CASE("choices know other dialects and say what is not built yet") {
    CHECK(with("optimizer", "\"Adam\"").optimizer == OptimizerKind::adam);
    CHECK(with("precision_dtype", "\"float16\"").precision == Precision::fp16);
    CHECK(with("augmentation_type", "\"None\"").augmentation_type == Augmentation::none);
    CHECK(parse_hyperparameters(R"({"log_level":"debug"})").log_level == LogLevel::debug);
    CHECK(parse_hyperparameters("{}").ranks_per_host == 0);
    CHECK(parse_hyperparameters(R"({"ranks_per_host":"8"})").ranks_per_host == 8);
    CHECK_FALSE(bad("ranks_per_host", "\"65\"").empty());
    CHECK(bad("optimizer", "\"adma\"") ==
          "hyperparameters: optimizer: \"adma\" is not one of sgd, nag, adam, adamw, rmsprop, muon (f)");
    CHECK(bad("augmentation_type", "\"crop_color_transform\"") ==
          "hyperparameters: augmentation_type: \"crop_color_transform\" is not built yet; one of none, crop, "
          "crop_color (f)");
}

TEST_CASE("null and None count as not given") {
    for (const char* nothing : {"null", "\"null\"", "\"None\""}) {
        INFO(nothing);
        const auto settings = parse_hyperparameters(text("{\"top_k\":", nothing, ",\"epochs\":", nothing, "}"));
        CHECK(settings.options.top_k == 0);
        CHECK_FALSE(settings.options.epochs.has_value());
        CHECK(settings.notes.size() == 2);
    }
}

TEST_CASE("names of features that come later accept only what changes nothing") {
    CHECK_NOTHROW(parse_hyperparameters(
        R"({"use_pretrained_model":"0","num_layers":"0","multi_label":"False","image_layout":"auto","scale_learning_rate":"0"})"));
    CHECK(bad("num_layers", "\"152\"") == "hyperparameters: num_layers is not built yet: leave it out, or give 0 (f)");
    CHECK_FALSE(bad("use_pretrained_model", "\"1\"").empty());
    CHECK_FALSE(bad("shuffle_buffer", "\"x\"").empty());
    CHECK(parse_hyperparameters(R"({"kv_store":"dist_sync"})").notes.size() == 1);
}

TEST_CASE("a name and its other names may agree but not differ") {
    CHECK(parse_hyperparameters(R"({"batch-size":"64.0","batch_size":64})").options.batch_size == 64);
    CHECK_NOTHROW(parse_hyperparameters(R"({"precision":"fp32","precision_dtype":"float32"})"));
    CHECK(problem_of(R"({"precision":"fp32","precision_dtype":"float16"})") ==
          "hyperparameters: precision and precision_dtype are two names of one setting and have different values: give "
          "one of them (f)");
    CHECK_FALSE(problem_of(R"({"learning-rate":"0.1","learning_rate":"0.2"})").empty());
}

TEST_CASE("the batch of the job and the batch of a host may agree but not differ") {
    const auto both = parse_hyperparameters(R"({"batch_size":"64","mini_batch_size":64})").options;
    CHECK(both.batch_size == 64);
    CHECK(both.batch_size_per_host == 64);
    CHECK(problem_of(R"({"batch_size":"64","mini-batch-size":"128"})").find("give one of them") != std::string::npos);
}

TEST_CASE("instance groups are read in every shape") {
    CHECK(parse_hyperparameters(kHeterogeneous.hyperparameters).instance_groups ==
          std::vector<std::string>{"train_group"});
    const std::string name = R"({"sagemaker_distribution_instance_groups":)";
    const std::vector<std::string> two{"a", "b"};
    for (const char* value : {R"(["a","b"]})", R"("[\"a\",\"b\"]"})", R"("\"[\\\"a\\\",\\\"b\\\"]\""})"})
        CHECK(parse_hyperparameters(name + value).instance_groups == two);
    CHECK(parse_hyperparameters(name + "null}").instance_groups.empty());
    for (const char* value : {R"("a"})", R"([1]})", "{}}", R"("[1]"})", "3}"})
        CHECK(problem_of(name + value).find("is no list of instance groups") != std::string::npos);
}

TEST_CASE("reserved names are set aside, lookalikes are not") {
    CHECK(parse_hyperparameters(
              R"({"_kvstore":"x","sagemaker_anything":"{","model_dir":"/m","default_user_module_name":""})")
              .notes.size() == 1);
    CHECK(problem_of(R"({"--epochs":"5"})") == "hyperparameters: unknown name \"--epochs\". Did you mean epochs? (f)");
}

TEST_CASE("an unknown name is an error with a guess") {
    CHECK(problem_of(R"({"lerning_rate":"1"})") ==
          "hyperparameters: unknown name \"lerning_rate\". Did you mean learning_rate? (f)");
    CHECK(problem_of(R"({"Epochs":"1"})") == "hyperparameters: unknown name \"Epochs\". Did you mean epochs? (f)");
    CHECK(problem_of(R"({"zzzzzzzzzzzz":"1"})").find("describe --hyperparameters") != std::string::npos);
}

TEST_CASE("all problems come in one message that begins with their number") {
    const std::string message = problem_of(R"({"batch_size":"0","optimizer":"x","zzzzzzzzzz":"1","epochs":"2"})");
    CHECK(message.find("3 problems with the hyperparameters, the first: batch_size: 0 is outside 1..1048576") == 0);
    CHECK(message.find("\nalso:\n- optimizer: \"x\" is not one of") != std::string::npos);
    CHECK(message.find("\n- unknown name \"zzzzzzzzzz\"") != std::string::npos);
}

TEST_CASE("a file that is not a JSON object is refused") {
    CHECK(problem_of("[]") == "f: expected a JSON object, {…}, found a list");
    CHECK(problem_of("{\"epochs\": }").find("f: not valid JSON: parse error at line 1, column 12") == 0);
    CHECK(problem_of(R"({"epochs":"5","epochs":"6"})") == "f: the name \"epochs\" is given twice");
}
