#include "torchscript.hpp"

#include <ATen/ATen.h>

#include <map>
#include <set>

#include "tundish/base/text.hpp"

namespace tundish {
namespace {

constexpr const char* kPrefix = "self.network.";

// Writes one line of TorchScript for each layer; `x` is the running value.
class SourceWriter {
  public:
    std::string write(const Architecture& architecture) {
        source_ = "def forward(self, x: Tensor) -> Tensor:\n    x = (x - self.pixel_mean) / self.pixel_std\n";
        write_layers(architecture.layers, "x");
        return source_ + "    return x\n";
    }

  private:
    void line(const std::string& variable, const std::string& expression) {
        source_ += text("    ", variable, " = ", expression, '\n');
    }

    static std::string parameter(const Layer& layer, const char* name) { return text(kPrefix, layer.name, '.', name); }

    static std::string bias_of(const Layer& layer, bool bias) { return bias ? parameter(layer, "bias") : "None"; }

    static std::string pair(int value) { return text('[', value, ", ", value, ']'); }

    void write_layers(const std::vector<Layer>& layers, const std::string& x) {
        for (const auto& layer : layers) write_layer(layer, x);
    }

    void write_layer(const Layer& layer, const std::string& x) {
        std::visit(Overloaded{[&](const Conv2d& op) {
                                  line(x, text("torch.conv2d(", x, ", ", parameter(layer, "weight"), ", ",
                                               bias_of(layer, op.bias), ", ", pair(op.stride), ", ", pair(op.padding),
                                               ", [1, 1], 1)"));
                              },
                              [&](const BatchNorm2d& op) { line(x, norm(layer, op, x)); },
                              [&](const Activation& op) { line(x, activation(op, x)); },
                              [&](const MaxPool2d& op) {
                                  line(x, text("torch.max_pool2d(", x, ", ", pair(op.size), ", ", pair(op.size),
                                               ", [0, 0], [1, 1], False)"));
                              },
                              [&](const GlobalMaxPool&) { line(x, text("torch.amax(", x, ", [2, 3])")); },
                              [&](const Flatten&) { line(x, text("torch.flatten(", x, ", 1)")); },
                              [&](const Linear& op) {
                                  line(x, text("torch.linear(", x, ", ", parameter(layer, "weight"), ", ",
                                               bias_of(layer, op.bias), ")"));
                              },
                              [](const Dropout& /*nothing at inference*/) {},
                              [&](const Scale& op) { line(x, text(x, " * ", exact(op.factor))); },
                              [&](const Residual& op) { residual(op, x); }},
                   layer.operation);
    }

    static std::string norm(const Layer& layer, const BatchNorm2d& op, const std::string& x) {
        return text("torch.batch_norm(", x, ", ", parameter(layer, "weight"), ", ", parameter(layer, "bias"), ", ",
                    parameter(layer, "running_mean"), ", ", parameter(layer, "running_var"), ", False, 0.0, ",
                    exact(op.eps), ", True)");
    }

    static std::string activation(const Activation& op, const std::string& x) {
        switch (op.kind) {
            case ActivationKind::relu:
                return text("torch.relu(", x, ")");
            case ActivationKind::gelu:
                return text("torch.gelu(", x, ")");
            case ActivationKind::silu:
                return text("torch.silu(", x, ")");
            case ActivationKind::celu:
                return text("torch.celu(", x, ", ", exact(op.alpha), ")");
        }
        return x;
    }

    void residual(const Residual& op, const std::string& x) {
        const std::string body = text("body", ++variables_);
        const std::string shortcut = text("shortcut", variables_);
        line(body, x);
        line(shortcut, x);
        write_layers(op.body, body);
        write_layers(op.shortcut, shortcut);
        line(x, text(body, " + ", shortcut));
    }

    // A literal that reads back as the same double, always with a point or an exponent so that it is a float.
    static std::string exact(double value) {
        std::ostringstream out;
        out.precision(17);
        out << std::scientific << value;
        return out.str();
    }

    std::string source_;
    int variables_ = 0;
};

// Modules for the dotted parts of parameter names, made on first use.
class ModuleTree {
  public:
    void add(const std::string& name, const at::Tensor& tensor, bool is_buffer) {
        const auto dot = name.rfind('.');
        auto& owner = module(name.substr(0, dot));
        const auto leaf = name.substr(dot + 1);
        const auto value = tensor.detach().to(at::kCPU, at::kFloat).contiguous().clone();
        if (is_buffer) {
            owner.register_buffer(leaf, value);
        } else {
            owner.register_parameter(leaf, value, /*is_buffer=*/false);
        }
    }

    // Registers children in parents, deepest first: a child's type must be complete by then.
    void attach_to(torch::jit::Module& root) {
        for (auto at = modules_.rbegin(); at != modules_.rend(); ++at) {
            const auto dot = at->first.rfind('.');
            if (dot == std::string::npos) {
                root.register_module(at->first, at->second);
            } else {
                module(at->first.substr(0, dot)).register_module(at->first.substr(dot + 1), at->second);
            }
        }
    }

  private:
    torch::jit::Module& module(const std::string& path) {
        const auto found = modules_.find(path);
        if (found != modules_.end()) return found->second;
        const auto dot = path.rfind('.');
        if (dot != std::string::npos) module(path.substr(0, dot));
        std::string type_name = path;
        for (char& c : type_name) c = c == '.' ? '_' : c;
        auto made = torch::jit::Module(text("__torch__.tundish.", type_name));
        made.register_attribute("training", c10::BoolType::get(), false);
        return modules_.emplace(path, std::move(made)).first->second;
    }

    std::map<std::string, torch::jit::Module> modules_;  // sorted: a parent comes before its children
};

at::Tensor in_pixels(const std::vector<double>& values) {
    auto tensor = at::empty({1, static_cast<std::int64_t>(values.size()), 1, 1}, at::kFloat);
    for (std::size_t c = 0; c < values.size(); ++c) tensor.data_ptr<float>()[c] = static_cast<float>(values[c] * 255.0);
    return tensor;
}

}  // namespace

std::string torchscript_source(const Architecture& architecture) {
    return SourceWriter().write(architecture);
}

torch::jit::Module to_torchscript(const Network& network, const Preprocess& preprocess) {
    std::set<std::string> parameters;
    for (const auto& parameter : network.parameters()) parameters.insert(parameter.name);
    ModuleTree tree;
    for (const auto& [name, tensor] : network.state()) tree.add("network." + name, tensor, !parameters.contains(name));
    torch::jit::Module root("__torch__.tundish.Classifier");
    root.register_attribute("training", c10::BoolType::get(), false);
    root.register_buffer("pixel_mean", in_pixels(preprocess.mean));
    root.register_buffer("pixel_std", in_pixels(preprocess.std));
    tree.attach_to(root);
    root.define(torchscript_source(network.architecture()));
    return root;
}

}  // namespace tundish
