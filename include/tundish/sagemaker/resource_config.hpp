#pragma once

#include "tundish/sagemaker/paths.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tundish {

/// Hosts of one kind in a heterogeneous cluster. The order of hosts is the job's; it is not sorted.
struct InstanceGroup {
    std::string name;
    std::string instance_type;
    std::vector<std::string> hosts;
};

/// The machines of the job. Defaults are those of a single host without resourceconfig.json.
struct ResourceConfig {
    std::string current_host = "algo-1";
    std::vector<std::string> hosts{"algo-1"};     ///< rank order is the order of this list, never the digits of a name
    std::string network_interface_name = "eth0";  ///< may name an interface that does not exist (SDK v3 local mode)
    std::string current_instance_type;            ///< empty when not told
    std::string current_group_name;               ///< empty when not told
    std::vector<InstanceGroup> instance_groups;   ///< empty when not told

    /// The place of current_host in hosts.
    [[nodiscard]] std::size_t host_index() const;
};

/// Decodes the text of resourceconfig.json. Guarantees: hosts is not empty, has no name twice and contains
/// current_host; every name is usable as a file name. `topology` may be absent, null or a list and is not
/// needed. Throws ConfigError naming file, key, what was expected and what was found.
ResourceConfig parse_resource_config(std::string_view json, const std::string& file = "resourceconfig.json");

/// The port on hosts[0] where the hosts meet: MASTER_PORT, as PyTorch's launchers call it, else 7777. Throws
/// ConfigError when the variable is not a port's number.
int rendezvous_port();

/// Reads `paths.resource_config()`; a missing file gives the defaults. MachineError when it is there but
/// cannot be read.
ResourceConfig read_resource_config(const Paths& paths);

}  // namespace tundish
