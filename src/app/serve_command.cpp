#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tundish/app/commands.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/classifier.hpp"
#include "tundish/model/device.hpp"
#include "tundish/sagemaker/paths.hpp"
#include "tundish/sagemaker/serve_environment.hpp"
#include "tundish/serve/serve.hpp"

namespace tundish {
namespace {

// On SageMaker a missing model is answered with 503 and the reason; a folder that a person mistyped never gets one.
void check_named(const std::filesystem::path& root) {
    if (!std::filesystem::is_directory(root)) {
        throw ConfigError(text("--root ", root.string(), " is no folder; expected the job's folder, which holds ",
                               Paths(root).model().filename().string(), "/"));
    }
    if (std::filesystem::exists(root / kConfigFile) && !std::filesystem::exists(Paths(root).model())) {
        throw ConfigError(text("--root names the folder above model/: ", (root / "..").lexically_normal().string(),
                               "; found ", kConfigFile, " in ", root.string()));
    }
}

}  // namespace

void serve_command(const std::filesystem::path& root, const ServeArguments& arguments) {
    const Environment environment = [](const char* name) -> const char* { return std::getenv(name); };
    log_setup(serve_log_level(environment));
    if (arguments.root_given) check_named(root);
    ServeOptions options;
    read_serve_environment(environment, options);
    if (arguments.port) options.port = *arguments.port;
    if (arguments.largest_body) options.http.largest_body = *arguments.largest_body;
    if (arguments.working_memory) options.working_memory = *arguments.working_memory;
    options.model_folder = Paths(root).model();
    const auto load = [folder = options.model_folder](const ClassifierOptions& classifier) {
        set_up_device(choose_device(), classifier.threads, /*deterministic=*/false);
        return load_classifier(folder, classifier);
    };
    if (serve(options, load)) return;
    // Threads that were cut off are still at work: nothing is left for us to tidy up, and they must not be waited for.
    std::fflush(nullptr);
    ::_exit(0);
}

}  // namespace tundish
