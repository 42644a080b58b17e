#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tundish/data/image.hpp"
#include "tundish/model/layer.hpp"

namespace tundish {

/// A network as data: input (N, C, H, W) of normalised pixels, output (N, classes) logits.
struct Architecture {
    std::string name;
    ImageShape input;
    std::int64_t classes = 0;
    std::vector<Layer> layers;
};

/// The names that make_architecture() knows: airbench, resnet9, keras_cnn, lenet.
std::vector<std::string> architecture_names();

/// Builds a named architecture for an input shape and a number of classes. `dropout_scale` multiplies its dropout
/// probabilities. Throws ConfigError when the name is unknown or the images are too small for it.
///
/// Sources: airbench: K. Jordan, airbench94_muon (whitening 2x2, three groups 64/256/256, 1.97 M parameters);
/// resnet9: D. Page, "How to train your ResNet" (64/128/256/512, two residual blocks); keras_cnn: the network of AWS's
/// Pipe-mode CIFAR-10 lab (556,586 parameters); lenet: LeCun et al. 1998 with max-pooling and ReLU.
Architecture make_architecture(const std::string& name, const ImageShape& input, std::int64_t classes,
                               double dropout_scale = 1.0);

}  // namespace tundish
