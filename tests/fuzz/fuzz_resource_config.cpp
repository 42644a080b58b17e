// libFuzzer: any bytes as resourceconfig.json give a cluster that contains this host, or a ConfigError.
#include "support/fuzz_config.hpp"
#include "tundish/sagemaker/resource_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tundish;
    return testing::try_config(data, size, [](std::string_view json) {
        const ResourceConfig config = parse_resource_config(json);
        testing::promise(config.host_index() < config.hosts.size(), "this host is among the hosts");
        testing::promise(config.hosts[config.host_index()] == config.current_host, "at its index");
        for (const auto& host : config.hosts) {
            testing::promise(Paths("/r").output_data(host).parent_path() == "/r/output/data",
                             "a host is a folder's name");
        }
    });
}
