#pragma once

#include <string>

#include "support/temp_folder.hpp"
#include "support/tiny_data.hpp"
#include "tundish/model/artifact.hpp"
#include "tundish/model/initialise.hpp"

namespace tundish::testing {

/// The artifact of a seeded, untrained network of four classes in a folder of its own.
struct SavedModel {
    TempFolder folder;
    Network network;
    ModelConfig config;

    explicit SavedModel(const std::string& architecture)
        : network(make_architecture(architecture, {3, 32, 32}, 4), at::kCPU) {
        const auto samples = tiny_samples(64);
        initialise(network, 4);
        config.architecture = architecture;
        config.classes = 4;
        config.input = samples.shape;
        config.class_names = samples.class_names;
        config.preprocess = measure(samples);
        config.metrics = {{"validation_accuracy", 0.5}};
        initialise_whitening(network, pixel_view(samples), config.preprocess);
        save_artifact(folder.path(), network, config);
    }
};

}  // namespace tundish::testing
