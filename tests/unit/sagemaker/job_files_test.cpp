#include "tundish/sagemaker/job_files.hpp"

#include "support/catch.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"

#include <unistd.h>

using namespace tundish;
using tundish::testing::TempFolder;

TEST_CASE("the checkpoint folder is the default, or what the job says") {
    const TempFolder root;
    const Paths paths(root.path());
    CHECK(checkpoint_folder(paths) == root.path() / "checkpoints");
    root.write("input/config/checkpointconfig.json", R"({"LocalPath":"/state","S3Uri":"s3://b"})");
    CHECK(checkpoint_folder(paths) == "/state");
    root.write("input/config/checkpointconfig.json", R"({"LocalPath":"/opt/ml/other/"})");
    CHECK(checkpoint_folder(paths) == root.path() / "other/");
    root.write("input/config/checkpointconfig.json", R"({"LocalPath":null})");
    CHECK(checkpoint_folder(paths) == root.path() / "checkpoints");
}

TEST_CASE("a damaged checkpoint configuration stops the job, a damaged TensorBoard one does not") {
    const TempFolder root;
    const Paths paths(root.path());
    for (const char* damaged : {"{", "[]", "", R"({"LocalPath":7})", R"({"LocalPath":"a\u0000b"})"}) {
        INFO(damaged);
        root.write("input/config/checkpointconfig.json", damaged);
        root.write("input/config/tensorboardoutputconfig.json", damaged);
        CHECK_THROWS_AS(checkpoint_folder(paths), ConfigError);
        CHECK(tensorboard_folder(paths, "h") == root.path() / "output/data/h/tensorboard");
    }
}

TEST_CASE("TensorBoard's folder is the job's, the platform's or ours") {
    const TempFolder root;
    const Paths paths(root.path());
    CHECK(tensorboard_folder(paths, "algo-1") == root.path() / "output/data/algo-1/tensorboard");
    std::filesystem::create_directories(root.path() / "output/tensorboard");
    CHECK(tensorboard_folder(paths, "algo-1") == root.path() / "output/tensorboard");
    root.write("input/config/tensorboardoutputconfig.json",
               R"({"S3OutputPath":"s3://b/t","LocalPath":"/opt/ml/output/tb/"})");
    CHECK(tensorboard_folder(paths, "algo-1") == root.path() / "output/tb/");
}

TEST_CASE("a configuration that is there but cannot be read is the machine's fault, with the user's id") {
    if (::geteuid() != 0) return;  // only root can become somebody else to try it
    const TempFolder root;
    root.write("input/config/hyperparameters.json", "{}");
    const Paths paths(root.path());
    const auto as_nobody = [&](auto action) {
        REQUIRE(::seteuid(65534) == 0);
        std::string message;
        try {
            action();
        } catch (const MachineError& error) {
            message = error.what();
        }
        REQUIRE(::seteuid(0) == 0);
        return message;
    };
    // Mode drw-r--r-- of input/config, as a job of 2022 had it.
    std::filesystem::permissions(root.path(), std::filesystem::perms{0755});
    std::filesystem::permissions(root.path() / "input/config", std::filesystem::perms{0644});
    const std::string message = as_nobody([&] { read_hyperparameters(paths); });
    CHECK(message.find(paths.hyperparameters().string()) != std::string::npos);
    CHECK(message.find("uid 65534") != std::string::npos);
    CHECK(message.find("as root") != std::string::npos);
    CHECK(has_input_config(paths));
    CHECK_FALSE(has_input_config(Paths(root.path() / "no")));
}
