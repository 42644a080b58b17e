#include "tundish/sagemaker/resource_config.hpp"

#include "support/environment_guard.hpp"

#include "support/catch.hpp"
#include "support/recorded_configs.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string problem_of(const std::string& json) {
    try {
        parse_resource_config(json);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("recorded resource configurations are read") {
    for (const RecordedJob* job : kRecordedJobs) {
        INFO(job->name);
        const auto config = parse_resource_config(job->resource_config);
        CHECK(config.hosts.at(config.host_index()) == config.current_host);
    }
    const auto two = parse_resource_config(kTwoHosts2020.resource_config);
    CHECK(two.hosts == std::vector<std::string>{"algo-1", "algo-2"});
    CHECK(two.host_index() == 1);
    CHECK(two.instance_groups.empty());

    const auto mixed = parse_resource_config(kHeterogeneous.resource_config);
    CHECK(mixed.current_group_name == "train_group");
    REQUIRE(mixed.instance_groups.size() == 2);
    CHECK(mixed.instance_groups[1].hosts == std::vector<std::string>{"algo-3", "algo-1"});
    CHECK(mixed.instance_groups[0].instance_type == "ml.c5.18xlarge");

    CHECK(parse_resource_config(kLocalV3.resource_config).network_interface_name == "ethwe");
}

TEST_CASE("ranks follow the list of hosts, not their numbers") {
    const auto config = parse_resource_config(
        R"({"current_host":"algo-2","hosts":["algo-1","algo-10","algo-2"],"current_instance_group":"g"})");
    CHECK(config.host_index() == 2);
    CHECK(config.current_group_name == "g");
}

TEST_CASE("missing keys of a single host are filled in") {
    const auto defaults = parse_resource_config("{}");
    CHECK(defaults.current_host == "algo-1");
    CHECK(defaults.hosts == std::vector<std::string>{"algo-1"});
    CHECK(defaults.network_interface_name == "eth0");
    CHECK(parse_resource_config(R"({"current_host":"a"})").hosts == std::vector<std::string>{"a"});
    CHECK(parse_resource_config(R"({"hosts":["b"]})").current_host == "b");
    CHECK(parse_resource_config(R"({"hosts":null,"current_host":null,"instance_groups":null})").current_host ==
          "algo-1");

    const TempFolder root;
    CHECK(read_resource_config(Paths(root.path())).hosts == std::vector<std::string>{"algo-1"});
}

TEST_CASE("a wrong resource configuration is named with key, expectation and finding") {
    CHECK(problem_of(R"({"hosts":"algo-1"})") ==
          "resourceconfig.json: hosts should be a list of host names, found the text \"algo-1\"");
    CHECK(problem_of(R"({"hosts":["a",3]})") ==
          "resourceconfig.json: hosts should be a list of host names, found the number 3");
    CHECK(problem_of(R"({"current_host":5})") ==
          "resourceconfig.json: current_host should be a text, found the number 5");
    CHECK(problem_of(R"({"current_host":"c","hosts":["a","b"]})") ==
          "resourceconfig.json: current_host is \"c\", which is not among hosts: a, b");
    CHECK(problem_of(R"({"hosts":["a","b"]})") ==
          "resourceconfig.json: current_host is missing, and there are 2 hosts");
    CHECK_FALSE(problem_of(R"({"hosts":[]})").empty());
    CHECK_FALSE(problem_of(R"({"hosts":["a","a"],"current_host":"a"})").empty());
    CHECK_FALSE(problem_of(R"({"hosts":["../a"]})").empty());
    CHECK_FALSE(problem_of(R"({"current_host":".."})").empty());
    CHECK_FALSE(problem_of(R"({"instance_groups":{}})").empty());
    CHECK_FALSE(problem_of(R"({"instance_groups":[3]})").empty());
    CHECK_FALSE(problem_of(R"({"instance_groups":[{"hosts":3}]})").empty());
}

TEST_CASE("text that is no JSON object is refused with its place") {
    CHECK(problem_of("") == "resourceconfig.json: the file is empty; expected a JSON object, {…}");
    CHECK(problem_of("[1]") == "resourceconfig.json: expected a JSON object, {…}, found a list");
    const std::string cut = problem_of("{\"hosts\":\n [\"a\"");
    CHECK(cut.find("resourceconfig.json: not valid JSON: parse error at line 2, column ") == 0);
    CHECK(problem_of(R"({"hosts":["a"],"hosts":["b"]})") == "resourceconfig.json: the name \"hosts\" is given twice");
    CHECK_FALSE(problem_of("{\"x\":" + std::string(100000, '[')).empty());
    CHECK_FALSE(problem_of("{\"x\":1e999}").empty());
    CHECK_FALSE(problem_of("{\"\xff\":1}").empty());
}

TEST_CASE("the port where hosts meet") {
    const auto port_with = [](const char* value) {
        const tundish::testing::EnvironmentGuard guard("MASTER_PORT", value);
        return tundish::rendezvous_port();
    };
    CHECK(port_with(nullptr) == 7777);
    CHECK(port_with("29500") == 29500);
    for (const char* wrong : {"", "0", "65536", "77x", "-1"}) CHECK_THROWS_AS(port_with(wrong), tundish::ConfigError);
}
