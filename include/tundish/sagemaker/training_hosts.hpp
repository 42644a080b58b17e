#pragma once

#include "tundish/sagemaker/resource_config.hpp"

#include <string>
#include <vector>

namespace tundish {

/// Hosts of a heterogeneous cluster that train, and those that step aside.
struct TrainingHosts {
    std::vector<std::string> hosts;  ///< that train, in the job's order; the first one is where they meet
    std::string note;                ///< why not all train, for the log; empty when all do

    [[nodiscard]] bool include(const std::string& host) const;
};

/// The hosts of `groups`, which SageMaker's SDK passes as hyperparameter sagemaker_distribution_instance_groups. Where
/// that names none: all hosts, but in a cluster in which only some groups have GPUs those with GPUs (by the instance
/// type's family: g or p, as in ml.g5.xlarge). Throws ConfigError for a group that the cluster does not have, and when
/// no host is left.
TrainingHosts training_hosts(const ResourceConfig& cluster, const std::vector<std::string>& groups);

}  // namespace tundish
