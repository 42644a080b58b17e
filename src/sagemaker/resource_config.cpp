#include "tundish/sagemaker/resource_config.hpp"

#include "json_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#include <cstdlib>
#include <algorithm>
#include <set>

namespace tundish {
namespace {

using Kind = JsonValue::Kind;

void check_host_name(const std::string& file, const std::string& key, const std::string& name) {
    if (!is_plain_name(name))
        throw ConfigError(text(file, ": ", key, " holds ", quoted(name), ", which is no host name"));
}

std::vector<std::string> host_list(const JsonValue& value, const std::string& file, const std::string& key) {
    if (!value.is(Kind::list)) wrong_type(file, key, "a list of host names", value);
    std::vector<std::string> hosts;
    std::set<std::string> seen;
    for (const JsonValue& host : value.items) {
        if (!host.is(Kind::text)) wrong_type(file, key, "a list of host names", host);
        hosts.push_back(host.text);
        check_host_name(file, key, hosts.back());
        if (!seen.insert(hosts.back()).second) {
            throw ConfigError(text(file, ": ", key, " names ", quoted(hosts.back()), " twice"));
        }
    }
    return hosts;
}

InstanceGroup instance_group(const JsonValue& value, const std::string& file) {
    const std::string where = "instance_groups[].";
    if (!value.is(Kind::object)) wrong_type(file, "instance_groups", "a list of objects", value);
    InstanceGroup group;
    group.name = text_or(value, "instance_group_name", "", file, where);
    group.instance_type = text_or(value, "instance_type", "", file, where);
    if (const JsonValue* hosts = value.given("hosts")) group.hosts = host_list(*hosts, file, where + "hosts");
    return group;
}

/// Fills hosts and current_host, each of which can stand in for the other on a single host.
void read_hosts(const JsonValue& document, const std::string& file, ResourceConfig& config) {
    const JsonValue* hosts = document.given("hosts");
    const bool has_hosts = hosts != nullptr;
    if (has_hosts) config.hosts = host_list(*hosts, file, "hosts");
    if (config.hosts.empty()) throw ConfigError(text(file, ": hosts is an empty list; expected at least this host"));

    const std::string fallback = has_hosts && config.hosts.size() > 1 ? "" : config.hosts.front();
    config.current_host = text_or(document, "current_host", fallback, file);
    if (config.current_host.empty()) {
        throw ConfigError(text(file, ": current_host is missing, and there are ", config.hosts.size(), " hosts"));
    }
    check_host_name(file, "current_host", config.current_host);
    if (!has_hosts) config.hosts = {config.current_host};
    if (std::find(config.hosts.begin(), config.hosts.end(), config.current_host) == config.hosts.end()) {
        throw ConfigError(text(file, ": current_host is ", quoted(config.current_host),
                               ", which is not among hosts: ", join(config.hosts, ", ")));
    }
}

}  // namespace

std::size_t ResourceConfig::host_index() const {
    const auto at = std::find(hosts.begin(), hosts.end(), current_host);
    return static_cast<std::size_t>(at - hosts.begin());
}

ResourceConfig parse_resource_config(std::string_view json, const std::string& file) {
    const JsonValue document = parse_object(json, file);
    ResourceConfig config;
    read_hosts(document, file, config);
    config.network_interface_name = text_or(document, "network_interface_name", "eth0", file);
    config.current_instance_type = text_or(document, "current_instance_type", "", file);
    // Real files say current_group_name; AWS's own toolkit writes and reads current_instance_group in one
    // place.
    const std::string toolkit_name = text_or(document, "current_instance_group", "", file);
    config.current_group_name = text_or(document, "current_group_name", toolkit_name, file);
    if (const JsonValue* groups = document.given("instance_groups")) {
        if (!groups->is(Kind::list)) wrong_type(file, "instance_groups", "a list of objects", *groups);
        for (const JsonValue& group : groups->items) config.instance_groups.push_back(instance_group(group, file));
    }
    return config;
}

int rendezvous_port() {
    const char* value = std::getenv("MASTER_PORT");
    if (value == nullptr) return 7777;
    const auto port = parse_number<int>(value);
    if (!port || *port < 1 || *port > 65535)
        throw ConfigError(text("MASTER_PORT is '", value, "', expected a whole number from 1 to 65535"));
    return *port;
}

ResourceConfig read_resource_config(const Paths& paths) {
    const auto path = paths.resource_config();
    const auto content = read_if_present(path);
    return content ? parse_resource_config(*content, path.string()) : ResourceConfig{};
}

}  // namespace tundish
