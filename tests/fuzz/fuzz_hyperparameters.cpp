// libFuzzer: any bytes as hyperparameters.json give settings within their ranges or a ConfigError.
#include "support/fuzz_config.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tundish;
    return testing::try_config(data, size, [](std::string_view json) {
        const JobSettings settings = parse_hyperparameters(json);
        const TrainOptions& options = settings.options;
        testing::promise(!options.batch_size || *options.batch_size >= 1, "batch_size is at least 1");
        testing::promise(!options.learning_rate || *options.learning_rate >= 0, "learning_rate is not negative or NaN");
        testing::promise(!options.epochs || *options.epochs > 0, "epochs is positive");
        testing::promise(options.beta_1 >= 0 && options.beta_1 < 1, "beta_1 is below 1");
        testing::promise(options.seed >= 0, "seed is not negative");
        testing::promise(options.top_k >= 0, "top_k is not negative");
        testing::promise(!options.data.image_shape || options.data.image_shape->pixels() > 0, "a shape has pixels");
        testing::promise(options.problems().empty(), "no contradictions are left");
    });
}
