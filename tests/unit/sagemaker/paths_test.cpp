#include "tundish/sagemaker/paths.hpp"

#include "support/catch.hpp"
#include "support/environment_guard.hpp"

using namespace tundish;
using tundish::testing::EnvironmentGuard;

TEST_CASE("paths follow the contract under any root") {
    const EnvironmentGuard no_metrics("SAGEMAKER_METRICS_DIRECTORY", nullptr);
    const Paths paths("/x");
    CHECK(paths.hyperparameters() == "/x/input/config/hyperparameters.json");
    CHECK(paths.input_data_config() == "/x/input/config/inputdataconfig.json");
    CHECK(paths.resource_config() == "/x/input/config/resourceconfig.json");
    CHECK(paths.checkpoint_config() == "/x/input/config/checkpointconfig.json");
    CHECK(paths.tensorboard_config() == "/x/input/config/tensorboardoutputconfig.json");
    CHECK(paths.channel("train") == "/x/input/data/train");
    CHECK(paths.model() == "/x/model");
    CHECK(paths.failure() == "/x/output/failure");
    CHECK(paths.output_data("algo-1") == "/x/output/data/algo-1");
    CHECK(paths.sagemaker_metrics() == "/x/output/metrics/sagemaker");
    CHECK(paths.default_checkpoints() == "/x/checkpoints");
    CHECK(paths.default_tensorboard() == "/x/output/tensorboard");
}

TEST_CASE("environment variables move the root and the metrics folder") {
    {
        const EnvironmentGuard unset("SAGEMAKER_BASE_DIR", nullptr);
        CHECK(default_root() == "/opt/ml");
    }
    {
        const EnvironmentGuard empty("SAGEMAKER_BASE_DIR", "");
        CHECK(default_root() == "/opt/ml");
    }
    const EnvironmentGuard base("SAGEMAKER_BASE_DIR", "/elsewhere");
    const EnvironmentGuard metrics("SAGEMAKER_METRICS_DIRECTORY", "/metrics");
    CHECK(default_root() == "/elsewhere");
    CHECK(Paths("/x").sagemaker_metrics() == "/metrics");
}

TEST_CASE("paths that a configuration names are moved with the root") {
    const Paths paths("/x/y");
    CHECK(paths.moved("/opt/ml/checkpoints") == "/x/y/checkpoints");
    CHECK(paths.moved("/opt/ml") == "/x/y");
    CHECK(paths.moved("/opt/mlx/a") == "/opt/mlx/a");
    CHECK(paths.moved("/state") == "/state");
    CHECK(paths.moved("state") == "/x/y/state");
    CHECK(Paths("/opt/ml").moved("/opt/ml/checkpoints") == "/opt/ml/checkpoints");
}
