#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tundish/model/architecture.hpp"

namespace tundish {

/// What a parameter is for; optimizers group by it.
enum class ParameterRole { filter, whitening_filter, whitening_bias, linear_weight, bias, norm_scale, norm_bias };

struct Parameter {
    std::string name;
    ParameterRole role;
    at::Tensor tensor;  ///< float32; `requires_grad` says whether it is trained
};

struct NamedTensor {
    std::string name;
    at::Tensor tensor;
};

/// How a forward pass is run.
struct ForwardMode {
    bool training = false;                        ///< batch statistics and dropout
    at::ScalarType compute = at::kFloat;          ///< of convolutions and matrix products: float, bfloat16 or half
    bool reference = false;                       ///< ATen's operations only, as model.pt runs; not our own CPU kernels
    std::optional<at::Generator> dropout_source;  ///< needed when training a network with dropout
};

/// A network's parameters and buffers on one device, and its forward pass. Parameters are float32 and 4-D ones lie
/// channels_last. Not safe for concurrent training; concurrent forward() in evaluation mode is safe.
class Network {
  public:
    /// All values zero (norm scale and variance one); see initialise() for random ones.
    Network(Architecture architecture, at::Device device);

    /// `images`: normalised (N, C, H, W), float32, channels_last. Returns (N, classes) float32 logits.
    [[nodiscard]] at::Tensor forward(const at::Tensor& images, const ForwardMode& mode) const;

    [[nodiscard]] const Architecture& architecture() const { return architecture_; }
    [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
    [[nodiscard]] at::Device device() const { return device_; }

    /// The tensor called `name`, a parameter or a buffer. Throws std::out_of_range for a name that is not in the
    /// network.
    [[nodiscard]] const at::Tensor& at(const std::string& name) const { return tensors_.at(name); }

    /// Parameters and buffers (running_mean, running_var) in the order of torch's state_dict. Shares memory with the
    /// network.
    [[nodiscard]] std::vector<NamedTensor> state() const;

    /// Copies values in. Throws ArtifactError naming every missing, surplus or wrongly shaped tensor; changes nothing
    /// then.
    void load_state(const std::vector<NamedTensor>& state);

    /// Number of values in all parameters.
    [[nodiscard]] std::int64_t parameter_count() const;

  private:
    void declare(const std::vector<Layer>& layers);
    void declare_convolution(const std::string& name, const Conv2d& convolution);
    void declare_norm(const std::string& name, const BatchNorm2d& norm);
    void declare_linear(const std::string& name, const Linear& linear);
    void add_parameter(const std::string& name, ParameterRole role, at::Tensor value, bool trained);
    void add_buffer(const std::string& name, at::Tensor value);

    Architecture architecture_;
    at::Device device_;
    std::vector<Parameter> parameters_;
    std::vector<std::string> order_;
    std::map<std::string, at::Tensor> tensors_;
};

/// Deep copies, detached, on the CPU: what is written to files.
std::vector<NamedTensor> copy_to_cpu(const std::vector<NamedTensor>& state);

}  // namespace tundish
