#include "tundish/sagemaker/training_hosts.hpp"

#include "json_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>

namespace tundish {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// ml.g4dn.xlarge, ml.p5.48xlarge: the families are named for graphics and performance.
bool has_gpus(const InstanceGroup& group) {
    const std::string& type = group.instance_type;
    return type.size() > 4 && type.starts_with("ml.") && (type[3] == 'g' || type[3] == 'p') && type[4] >= '1' &&
           type[4] <= '9';
}

std::vector<std::string> groups_with_gpus(const ResourceConfig& cluster) {
    std::vector<std::string> names;
    for (const auto& group : cluster.instance_groups) {
        if (has_gpus(group)) names.push_back(group.name);
    }
    return names.size() < cluster.instance_groups.size() ? names : std::vector<std::string>{};
}

void refuse_unknown(const ResourceConfig& cluster, const std::vector<std::string>& groups) {
    std::vector<std::string> known;
    for (const auto& group : cluster.instance_groups) known.push_back(group.name);
    for (const auto& name : groups) {
        if (contains(known, name)) continue;
        throw ConfigError(
            text("hyperparameter sagemaker_distribution_instance_groups names ", quoted(name),
                 ", but this cluster's instance groups are: ", known.empty() ? "none" : join(known, ", ")));
    }
}

std::vector<std::string> hosts_of(const ResourceConfig& cluster, const std::vector<std::string>& groups) {
    std::vector<std::string> members;
    for (const auto& group : cluster.instance_groups) {
        if (contains(groups, group.name)) members.insert(members.end(), group.hosts.begin(), group.hosts.end());
    }
    std::vector<std::string> hosts;
    std::copy_if(cluster.hosts.begin(), cluster.hosts.end(), std::back_inserter(hosts),
                 [&](const std::string& host) { return contains(members, host); });
    if (hosts.empty()) throw ConfigError(text("instance group ", join(groups, ", "), " has no host that could train"));
    return hosts;
}

}  // namespace

bool TrainingHosts::include(const std::string& host) const {
    return contains(hosts, host);
}

TrainingHosts training_hosts(const ResourceConfig& cluster, const std::vector<std::string>& groups) {
    refuse_unknown(cluster, groups);
    const auto chosen = groups.empty() ? groups_with_gpus(cluster) : groups;
    if (chosen.empty()) return {cluster.hosts, {}};
    TrainingHosts found{hosts_of(cluster, chosen), {}};
    if (found.hosts.size() < cluster.hosts.size()) {
        found.note =
            text("instance group ", join(chosen, ", "), " trains: ", join(found.hosts, ", "),
                 groups.empty() ? ". It has GPUs; hyperparameter sagemaker_distribution_instance_groups, as in "
                                  "[\"group\"], would choose others"
                                : "");
    }
    return found;
}

}  // namespace tundish
