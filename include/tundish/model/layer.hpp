#pragma once

#include <string>
#include <variant>
#include <vector>

/// The vocabulary of architectures: plain values without Torch. A network is declared once as a list of layers; its
/// parameters, forward pass and TorchScript source all come from that list.
namespace tundish {

struct Conv2d {
    int in_channels = 0;
    int out_channels = 0;
    int kernel = 3;
    int stride = 1;
    int padding = 0;
    bool bias = false;
    bool whitening = false;  ///< filters computed from data and frozen, run in float32 whatever the precision
};

struct BatchNorm2d {
    int channels = 0;
    double eps = 1e-5;
    double momentum = 0.1;      ///< as torch means it: weight of the new batch
    bool scale_frozen = false;  ///< the factor stays 1 and is not trained
};

enum class ActivationKind { relu, gelu, silu, celu };

struct Activation {
    ActivationKind kind = ActivationKind::relu;
    double alpha = 1.0;  ///< celu only
};

struct MaxPool2d {
    int size = 2;  ///< window and stride
};

/// The maximum over all positions of each channel: (N, C, H, W) -> (N, C).
struct GlobalMaxPool {};

/// (N, C, H, W) -> (N, C*H*W), in NCHW order.
struct Flatten {};

struct Linear {
    int in_features = 0;
    int out_features = 0;
    bool bias = true;
};

struct Dropout {
    double probability = 0.5;
};

/// Multiplies by a constant.
struct Scale {
    double factor = 1.0;
};

struct Layer;

/// body(x) + shortcut(x); an empty shortcut is the identity.
struct Residual {
    std::vector<Layer> body;
    std::vector<Layer> shortcut;
};

using Operation =
    std::variant<Conv2d, BatchNorm2d, Activation, MaxPool2d, GlobalMaxPool, Flatten, Linear, Dropout, Scale, Residual>;

/// One step of a network. `name` prefixes the parameters ("group1.conv1" -> "group1.conv1.weight"); layers without
/// parameters may leave it empty. Each part between dots must be an identifier, as TorchScript asks.
struct Layer {
    std::string name;
    Operation operation;
};

/// Joins the handlers of a std::visit into one overload set.
template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace tundish
