#include "tundish/model/architecture.hpp"

#include <functional>
#include <map>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr Activation kRelu{ActivationKind::relu};
constexpr Activation kGelu{ActivationKind::gelu};

struct Request {
    ImageShape input;
    int classes;
    double dropout_scale;
};

[[noreturn]] void too_small(const std::string& model, const ImageShape& input, int smallest) {
    throw ConfigError(text("model '", model, "' needs images of at least ", smallest, "x", smallest,
                           " pixels; the data has ", to_text(input),
                           " (channels x height x width). Set 'image_shape' to enlarge them or take another model."));
}

void require_size(const std::string& model, const Request& request, int smallest) {
    if (request.input.height < smallest || request.input.width < smallest) {
        too_small(model, request.input, smallest);
    }
}

void append(std::vector<Layer>& layers, std::vector<Layer> more) {
    for (auto& layer : more) layers.push_back(std::move(layer));
}

// airbench: eps 1e-12 and momentum 1 - 0.6 as in the recipe.
std::vector<Layer> airbench_group(const std::string& name, int in, int out) {
    const BatchNorm2d norm{out, 1e-12, 0.4, true};
    return {{name + ".conv1", Conv2d{in, out, 3, 1, 1}},
            {"", MaxPool2d{2}},
            {name + ".norm1", norm},
            {"", kGelu},
            {name + ".conv2", Conv2d{out, out, 3, 1, 1}},
            {name + ".norm2", norm},
            {"", kGelu}};
}

std::vector<Layer> airbench(const Request& request) {
    require_size("airbench", request, 17);
    const int whitened = 2 * 4 * request.input.channels;  // each 2x2 eigenpatch and its negative
    std::vector<Layer> layers{{"whiten", Conv2d{.in_channels = request.input.channels,
                                                .out_channels = whitened,
                                                .kernel = 2,
                                                .bias = true,
                                                .whitening = true}},
                              {"", kGelu}};
    append(layers, airbench_group("group1", whitened, 64));
    append(layers, airbench_group("group2", 64, 256));
    append(layers, airbench_group("group3", 256, 256));
    append(layers, {{"", GlobalMaxPool{}}, {"head", Linear{256, request.classes, false}}, {"", Scale{1.0 / 256}}});
    return layers;
}

std::vector<Layer> conv_norm_relu(const std::string& name, int in, int out) {
    return {{name + ".conv", Conv2d{in, out, 3, 1, 1}}, {name + ".norm", BatchNorm2d{out}}, {"", kRelu}};
}

std::vector<Layer> resnet9(const Request& request) {
    require_size("resnet9", request, 16);
    const auto residual = [](const std::string& name, int width) {
        std::vector<Layer> body = conv_norm_relu(name + ".first", width, width);
        append(body, conv_norm_relu(name + ".second", width, width));
        return Layer{"", Residual{std::move(body), {}}};
    };
    std::vector<Layer> layers = conv_norm_relu("prep", request.input.channels, 64);
    append(layers, conv_norm_relu("layer1", 64, 128));
    append(layers, {{"", MaxPool2d{2}}, residual("layer1.residual", 128)});
    append(layers, conv_norm_relu("layer2", 128, 256));
    append(layers, {{"", MaxPool2d{2}}});
    append(layers, conv_norm_relu("layer3", 256, 512));
    append(layers, {{"", MaxPool2d{2}},
                    residual("layer3.residual", 512),
                    {"", GlobalMaxPool{}},
                    {"head", Linear{512, request.classes, false}},
                    {"", Scale{0.125}}});
    return layers;
}

// Keras layers default to eps 1e-3 and momentum 0.99 (torch: 0.01).
std::vector<Layer> keras_block(const std::string& name, int in, int out, double dropout) {
    const BatchNorm2d norm{out, 1e-3, 0.01, false};
    return {{name + ".conv1", Conv2d{in, out, 3, 1, 1, true}},
            {name + ".norm1", norm},
            {"", kRelu},
            {name + ".conv2", Conv2d{out, out, 3, 1, 0, true}},
            {name + ".norm2", norm},
            {"", kRelu},
            {"", MaxPool2d{2}},
            {"", Dropout{dropout}}};
}

int after_keras_blocks(int side) {
    for (int block = 0; block < 3; ++block) side = (side - 2) / 2;
    return side;
}

std::vector<Layer> keras_cnn(const Request& request) {
    require_size("keras_cnn", request, 22);
    const int features = 128 * after_keras_blocks(request.input.height) * after_keras_blocks(request.input.width);
    std::vector<Layer> layers = keras_block("block1", request.input.channels, 32, 0.2 * request.dropout_scale);
    append(layers, keras_block("block2", 32, 64, 0.3 * request.dropout_scale));
    append(layers, keras_block("block3", 64, 128, 0.4 * request.dropout_scale));
    append(layers, {{"", Flatten{}},
                    {"dense1", Linear{features, 512, true}},
                    {"", kRelu},
                    {"", Dropout{0.5 * request.dropout_scale}},
                    {"dense2", Linear{512, request.classes, true}}});
    return layers;
}

// 28x28 is padded by the first convolution, as LeCun's 32x32 input was; 32x32 is not.
std::vector<Layer> lenet(const Request& request) {
    require_size("lenet", request, 12);
    const int padding = request.input.height < 32 ? 2 : 0;
    const auto side = [&](int length) { return ((length + 2 * padding - 4) / 2 - 4) / 2; };
    const int features = 16 * side(request.input.height) * side(request.input.width);
    return {{"conv1", Conv2d{request.input.channels, 6, 5, 1, padding, true}},
            {"", kRelu},
            {"", MaxPool2d{2}},
            {"conv2", Conv2d{6, 16, 5, 1, 0, true}},
            {"", kRelu},
            {"", MaxPool2d{2}},
            {"", Flatten{}},
            {"fc1", Linear{features, 120, true}},
            {"", kRelu},
            {"fc2", Linear{120, 84, true}},
            {"", kRelu},
            {"fc3", Linear{84, request.classes, true}}};
}

using Builder = std::function<std::vector<Layer>(const Request&)>;

const std::map<std::string, Builder>& builders() {
    static const std::map<std::string, Builder> table{
        {"airbench", airbench}, {"resnet9", resnet9}, {"keras_cnn", keras_cnn}, {"lenet", lenet}};
    return table;
}

}  // namespace

std::vector<std::string> architecture_names() {
    std::vector<std::string> names;
    for (const auto& [name, builder] : builders()) names.push_back(name);
    return names;
}

Architecture make_architecture(const std::string& name, const ImageShape& input, std::int64_t classes,
                               double dropout_scale) {
    const auto found = builders().find(name);
    if (found == builders().end()) {
        throw ConfigError(text("model '", name, "' is unknown; known: ", join(architecture_names(), ", ")));
    }
    return {name, input, classes, found->second({input, static_cast<int>(classes), dropout_scale})};
}

}  // namespace tundish
