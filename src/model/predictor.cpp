#include "tundish/model/predictor.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/import.h>

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_fit.hpp"

namespace tundish {

struct Predictor::Script {
    mutable torch::jit::Module module;  // forward() is not const, but does not change a module in evaluation mode
};

namespace {

std::string why_not_loaded(const std::string& message) {
    // Such an archive is one of torch.save's: it holds data, and no program.
    if (message.find("failed locating file constants.pkl") == std::string::npos) return message;
    return "it was written by torch.save; write it with torch.jit.script(model).save(…) or torch.jit.trace";
}

torch::jit::Module load_script(const std::filesystem::path& path) {
    try {
        auto module = torch::jit::load(path.string(), at::kCPU);
        module.eval();
        return module;
    } catch (const c10::Error& error) {
        throw ArtifactError(
            text(path.string(), " cannot be loaded as TorchScript: ", why_not_loaded(error.what_without_backtrace())));
    }
}

}  // namespace

Predictor::Predictor(const std::filesystem::path& folder) : config_(load_model_config(folder)) {
    check_weights(folder);
    if (!std::filesystem::exists(folder / kModelFile)) {
        throw ArtifactError(text("no ", kModelFile, " in ", folder.string()));
    }
    script_ = std::make_unique<Script>(Script{load_script(folder / kModelFile)});
}

Predictor::Predictor(const Predictor& original, std::unique_ptr<Script> frozen)
    : config_(original.config_), device_(original.device_), is_frozen_(true), script_(std::move(frozen)) {}

Predictor::~Predictor() = default;

std::unique_ptr<Predictor> Predictor::frozen() const {
    try {
        torch::jit::Module module = torch::jit::freeze(script_->module);
        auto script = std::make_unique<Script>(Script{torch::jit::optimize_for_inference(module)});
        return std::unique_ptr<Predictor>(new Predictor(*this, std::move(script)));
    } catch (const std::exception&) {  // of many kinds; what cannot be frozen runs as it is
        return nullptr;
    }
}

void Predictor::move_to(at::Device device) {
    script_->module.to(device);
    device_ = device;
}

at::Tensor Predictor::raw_outputs(const at::Tensor& pixels) const {
    const c10::InferenceMode inference;
    const auto input = config_.normalises_itself ? pixels.to(at::kFloat) : normalise(pixels, config_.preprocess);
    return script_->module.forward({input.contiguous().to(device_)}).toTensor();
}

std::vector<NamedTensor> Predictor::weights() const {
    constexpr std::string_view kPrefix = "network.";
    std::vector<NamedTensor> found;
    const auto take = [&](const std::string& name, const at::Tensor& tensor) {
        if (name.starts_with(kPrefix)) found.push_back({name.substr(kPrefix.size()), tensor});
    };
    for (const auto& parameter : script_->module.named_parameters()) take(parameter.name, parameter.value);
    for (const auto& buffer : script_->module.named_buffers()) take(buffer.name, buffer.value);
    return found;
}

std::vector<double> Predictor::predict(const Image& image) const {
    const c10::InferenceMode inference;
    const Image sized = fit(image, config_.fit());
    const auto pixels = at::empty({1, config_.input.channels, config_.input.height, config_.input.width}, at::kByte);
    std::copy(sized.pixels.begin(), sized.pixels.end(), pixels.mutable_data_ptr<std::uint8_t>());
    auto output = raw_outputs(pixels).to(at::kDouble).view({-1});
    if (!config_.outputs_probabilities) output = output.softmax(0);
    return {output.const_data_ptr<double>(), output.const_data_ptr<double>() + output.numel()};
}

}  // namespace tundish
