#pragma once

#include <filesystem>
#include <string>
#include <utility>

namespace tundish {

/// Every path of the SageMaker contract, under a root that a test or `--root` can move. Only builds names: nothing is
/// created or looked up but for the variable that sagemaker_metrics() names, and channel and host names must have been
/// checked by the parsers of this floor.
class Paths {
  public:
    explicit Paths(std::filesystem::path root) : root_(std::move(root)) {}

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }

    [[nodiscard]] std::filesystem::path input_config() const { return root_ / "input" / "config"; }
    [[nodiscard]] std::filesystem::path hyperparameters() const { return input_config() / "hyperparameters.json"; }
    [[nodiscard]] std::filesystem::path input_data_config() const { return input_config() / "inputdataconfig.json"; }
    [[nodiscard]] std::filesystem::path resource_config() const { return input_config() / "resourceconfig.json"; }
    [[nodiscard]] std::filesystem::path checkpoint_config() const { return input_config() / "checkpointconfig.json"; }
    [[nodiscard]] std::filesystem::path tensorboard_config() const {
        return input_config() / "tensorboardoutputconfig.json";
    }

    [[nodiscard]] std::filesystem::path input_data() const { return root_ / "input" / "data"; }
    /// The folder of a File-mode channel; with "_<k>" appended, the FIFOs of a Pipe-mode channel.
    [[nodiscard]] std::filesystem::path channel(const std::string& name) const { return input_data() / name; }

    [[nodiscard]] std::filesystem::path model() const { return root_ / "model"; }
    [[nodiscard]] std::filesystem::path default_checkpoints() const { return root_ / "checkpoints"; }

    [[nodiscard]] std::filesystem::path output() const { return root_ / "output"; }
    [[nodiscard]] std::filesystem::path failure() const { return output() / "failure"; }
    /// A folder for each host: SageMaker merges all hosts' output/data into one archive.
    [[nodiscard]] std::filesystem::path output_data(const std::string& host) const { return output() / "data" / host; }
    [[nodiscard]] std::filesystem::path default_tensorboard() const { return output() / "tensorboard"; }
    /// SAGEMAKER_METRICS_DIRECTORY if it is set, else output/metrics/sagemaker.
    [[nodiscard]] std::filesystem::path sagemaker_metrics() const;

    /// A path that a configuration file names: what it puts under /opt/ml lies under this root; a relative one, too.
    [[nodiscard]] std::filesystem::path moved(const std::filesystem::path& configured) const;

  private:
    std::filesystem::path root_;
};

/// SAGEMAKER_BASE_DIR if it is set and not empty, else /opt/ml.
std::filesystem::path default_root();

}  // namespace tundish
