// libFuzzer: any bytes as inputdataconfig.json give channels inside input/data or a ConfigError.
#include "support/fuzz_config.hpp"
#include "tundish/sagemaker/input_data_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tundish;
    static const Paths paths("/root");
    return testing::try_config(data, size, [](std::string_view json) {
        const InputDataConfig config = parse_input_data_config(json, paths);
        testing::promise(config.train.name == "train" || config.train.name == "training", "train has its name");
        for (const auto* channel : {&config.validation, &config.model, &config.train_lst, &config.validation_lst}) {
            if (!*channel) continue;
            testing::promise((*channel)->path.parent_path() == paths.input_data(), "a channel lies in input/data");
        }
    });
}
