#include "tundish/sagemaker/describe.hpp"

#include "support/catch.hpp"
#include "tundish/sagemaker/hyperparameter_table.hpp"

#include <nlohmann/json.hpp>

#include <set>

using namespace tundish;
using Json = nlohmann::json;

namespace {

const std::vector<MetricDefinition> kMetrics{{"train:loss", "train_loss=([0-9.]+);"},
                                             {"validation:accuracy", "validation_accuracy=([0-9.]+);"},
                                             {"validation:loss", "validation_loss=([0-9.]+);"}};

Json entry(const std::string& name) {
    for (const Json& item : Json::parse(describe_hyperparameters())) {
        if (item["Name"] == name) return item;
    }
    return {};
}

}  // namespace

TEST_CASE("hyperparameters are described as SageMaker wants them") {
    const Json learning_rate = entry("learning_rate");
    CHECK(learning_rate["Type"] == "Continuous");
    CHECK(learning_rate["Range"]["ContinuousParameterRangeSpecification"] ==
          Json{{"MinValue", "0"}, {"MaxValue", "1000"}});
    CHECK(learning_rate["IsTunable"] == true);
    CHECK(learning_rate["IsRequired"] == false);
    CHECK_FALSE(learning_rate.contains("DefaultValue"));

    CHECK(entry("seed")["Type"] == "Integer");
    CHECK(entry("seed")["DefaultValue"] == "0");
    CHECK(entry("optimizer")["Range"]["CategoricalParameterRangeSpecification"]["Values"] ==
          Json{"sgd", "nag", "adam", "adamw", "rmsprop", "muon"});
    CHECK(entry("image_shape")["Type"] == "FreeText");
    CHECK_FALSE(entry("image_shape").contains("Range"));
    CHECK(entry("num_layers")["Range"]["CategoricalParameterRangeSpecification"]["Values"] == Json::array({"0"}));
}

TEST_CASE("values that the SDK fills in never contradict an alias that the user gave") {
    std::string document = "{\"mini_batch_size\":\"77\",\"precision_dtype\":\"float16\"";
    for (const Json& item : Json::parse(describe_hyperparameters())) {
        if (!item.contains("DefaultValue")) continue;
        document += ",\"" + item["Name"].get<std::string>() + "\":\"" + item["DefaultValue"].get<std::string>() + "\"";
    }
    const auto settings = parse_hyperparameters(document + "}");
    CHECK(settings.options.batch_size_per_host == 77);
    CHECK(settings.options.precision == Precision::fp16);
}

TEST_CASE("every described value of a choice is accepted") {
    for (const Json& item : Json::parse(describe_hyperparameters())) {
        if (item["Type"] != "Categorical") continue;
        for (const Json& value : item["Range"]["CategoricalParameterRangeSpecification"]["Values"]) {
            Json document{{item["Name"].get<std::string>(), value}};
            // A step schedule without steps is refused for another reason than its name.
            if (value == "step") document["lr_scheduler_step"] = "10";
            INFO(document.dump());
            CHECK_NOTHROW(parse_hyperparameters(document.dump()));
        }
    }
}

TEST_CASE("the CreateAlgorithm request is complete") {
    const Json request = Json::parse(describe_create_algorithm(kMetrics));
    const Json& specification = request["TrainingSpecification"];
    CHECK(request["AlgorithmName"] == "tundish");
    CHECK(specification["SupportedHyperParameters"] == Json::parse(describe_hyperparameters()));
    CHECK(specification["SupportsDistributedTraining"] == true);
    CHECK(specification["MetricDefinitions"].size() == 3);
    CHECK(specification["TrainingChannels"][0]["Name"] == "train");
    CHECK(specification["TrainingChannels"][0]["SupportedInputModes"] == Json{"File", "FastFile", "Pipe"});
    for (const Json& channel : specification["TrainingChannels"]) {
        const auto name = channel["Name"].get<std::string>();
        const bool streams = channel["SupportedInputModes"].size() == 3;
        CHECK(streams != name.ends_with("_lst"));  // a list is a file
    }
    CHECK(specification["TrainingChannels"].size() <= 8);
    CHECK(specification["SupportedTuningJobObjectiveMetrics"] ==
          Json{{{"Type", "Maximize"}, {"MetricName", "validation:accuracy"}},
               {{"Type", "Minimize"}, {"MetricName", "validation:loss"}}});
    CHECK_FALSE(request.contains("InferenceSpecification"));
    CHECK(Json::parse(describe_metrics(kMetrics))[0] ==
          Json{{"Name", "train:loss"}, {"Regex", "train_loss=([0-9.]+);"}});
}

TEST_CASE("the README's table has a line for each hyperparameter that is built") {
    const std::string table = hyperparameters_markdown();
    for (const auto& row : hyperparameter_table()) {
        INFO(row.name);
        if (row.support != Support::ignored) CHECK(table.find("`" + row.name + "`") != std::string::npos);
    }
    CHECK(table.find("| `precision` (also `precision_dtype`) | one of auto, fp32, fp16, bf16 | auto |") !=
          std::string::npos);
}
