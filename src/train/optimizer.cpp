#include "tundish/train/optimizer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <map>

#include "newton_schulz.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/model/device.hpp"

namespace tundish {

// `first` is momentum or the mean of gradients, `second` the mean of their squares; empty lists where a rule has none.
namespace {

// Adam's corrections for averages that began at zero.
struct BiasCorrection {
    at::Tensor mean;
    at::Tensor root;
};

}  // namespace

struct Optimizer::Slots {
    ParameterGroup group;
    std::vector<at::Tensor> parameters;
    std::vector<at::Tensor> first;
    std::vector<at::Tensor> second;
    at::Tensor learning_rate;   // on the device, as the next: a captured step reads the current value
    BiasCorrection correction;  // of Adam
    bool retired = false;
};

namespace {

bool has_second(OptimizerKind kind) {
    return kind == OptimizerKind::adam || kind == OptimizerKind::adamw || kind == OptimizerKind::rmsprop;
}

std::vector<at::Tensor> zeros_like(const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> zeros;
    zeros.reserve(tensors.size());
    for (const auto& tensor : tensors) zeros.push_back(at::zeros_like(tensor));
    return zeros;
}

// buffer = momentum * buffer + gradient; the direction is the buffer, or with Nesterov gradient + momentum * buffer.
std::vector<at::Tensor> momentum_direction(std::vector<at::Tensor>& buffers, const std::vector<at::Tensor>& gradients,
                                           double momentum, bool nesterov) {
    at::_foreach_mul_(buffers, momentum);
    at::_foreach_add_(buffers, gradients);
    return nesterov ? at::_foreach_add(gradients, buffers, momentum) : at::_foreach_mul(buffers, 1.0);
}

std::vector<at::Tensor> adam_direction(const ParameterGroup& group, std::vector<at::Tensor>& mean,
                                       std::vector<at::Tensor>& square, const std::vector<at::Tensor>& gradients,
                                       const BiasCorrection& correction) {
    at::_foreach_lerp_(mean, gradients, 1.0 - group.beta_1);
    at::_foreach_mul_(square, group.beta_2);
    at::_foreach_addcmul_(square, gradients, gradients, 1.0 - group.beta_2);
    auto root = at::_foreach_sqrt(square);
    at::_foreach_div_(root, correction.root);
    at::_foreach_add_(root, group.eps);
    auto direction = at::_foreach_div(mean, root);
    at::_foreach_div_(direction, correction.mean);
    return direction;
}

std::vector<at::Tensor> rmsprop_direction(const ParameterGroup& group, std::vector<at::Tensor>& square,
                                          const std::vector<at::Tensor>& gradients) {
    at::_foreach_mul_(square, group.gamma);
    at::_foreach_addcmul_(square, gradients, gradients, 1.0 - group.gamma);
    auto root = at::_foreach_sqrt(square);
    at::_foreach_add_(root, group.eps);
    return at::_foreach_div(gradients, root);
}

// (out, in, k, k) as (out, k*k*in): the order of columns does not matter to Newton-Schulz, and this one copies nothing.
at::Tensor as_matrix(const at::Tensor& filter) {
    return filter.dim() == 4 ? filter.permute({0, 2, 3, 1}).reshape({filter.size(0), -1}) : filter;
}

at::Tensor as_filter(const at::Tensor& matrix, const at::Tensor& like) {
    if (like.dim() != 4) return matrix;
    return matrix.reshape({like.size(0), like.size(2), like.size(3), like.size(1)}).permute({0, 3, 1, 2});
}

void rescale_filters(const std::vector<at::Tensor>& filters) {
    for (const auto& filter : filters) filter.mul_(std::sqrt(static_cast<double>(filter.size(0))) / filter.norm());
}

std::vector<at::Tensor> muon_direction(const ParameterGroup& group, std::vector<at::Tensor>& buffers,
                                       const std::vector<at::Tensor>& gradients) {
    auto direction = momentum_direction(buffers, gradients, group.momentum, /*nesterov=*/true);
    const auto compute = group.float32 ? at::kFloat : automatic_precision(gradients.front().device());
    for (auto& matrix : direction) matrix = as_filter(orthogonalise(as_matrix(matrix), compute), matrix);
    return direction;
}

}  // namespace

Optimizer::Optimizer(std::vector<ParameterGroup> groups) {
    for (auto& group : groups) {
        Slots slots;
        for (const auto& parameter : group.parameters) slots.parameters.push_back(parameter.tensor);
        if (slots.parameters.empty()) continue;
        const auto& kind = group.kind;
        if (kind != OptimizerKind::rmsprop) slots.first = zeros_like(slots.parameters);
        if (has_second(kind)) slots.second = zeros_like(slots.parameters);
        const auto scalar = slots.parameters.front().options().requires_grad(false);
        slots.learning_rate = at::zeros({}, scalar);
        if (kind == OptimizerKind::adam || kind == OptimizerKind::adamw)
            slots.correction = {at::zeros({}, scalar), at::zeros({}, scalar)};
        slots.group = std::move(group);
        slots_.push_back(std::move(slots));
    }
}

Optimizer::~Optimizer() = default;

void Optimizer::step(std::int64_t step) {
    const at::NoGradGuard no_grad;
    for (auto& slots : slots_) set_rates(slots, step);
    for (auto& slots : slots_) {
        if (!slots.retired) update(slots);
    }
}

void Optimizer::set_rates(Slots& slots, std::int64_t step) {
    const auto& group = slots.group;
    slots.learning_rate.fill_(group.learning_rate * group.schedule.factor(step));
    if (!slots.correction.mean.defined()) return;
    const auto count = static_cast<double>(step + 1);
    slots.correction.mean.fill_(1.0 - std::pow(group.beta_1, count));
    slots.correction.root.fill_(std::sqrt(1.0 - std::pow(group.beta_2, count)));
}

void Optimizer::update(Slots& slots) {
    const auto& group = slots.group;
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : slots.parameters) gradients.push_back(parameter.grad());
    const bool decoupled = group.kind == OptimizerKind::adamw;
    if (group.kind == OptimizerKind::muon) rescale_filters(slots.parameters);
    if (group.weight_decay != 0.0 && !decoupled)
        gradients = at::_foreach_add(gradients, slots.parameters, group.weight_decay);

    std::vector<at::Tensor> direction;
    switch (group.kind) {
        case OptimizerKind::sgd:
            direction = momentum_direction(slots.first, gradients, group.momentum, false);
            break;
        case OptimizerKind::nag:
            direction = momentum_direction(slots.first, gradients, group.momentum, true);
            break;
        case OptimizerKind::adam:
        case OptimizerKind::adamw:
            direction = adam_direction(group, slots.first, slots.second, gradients, slots.correction);
            break;
        case OptimizerKind::rmsprop:
            direction = rmsprop_direction(group, slots.second, gradients);
            break;
        case OptimizerKind::muon:
            direction = muon_direction(group, slots.first, gradients);
            break;
    }
    if (decoupled) at::_foreach_add_(direction, slots.parameters, group.weight_decay);
    at::_foreach_mul_(direction, slots.learning_rate);
    at::_foreach_sub_(slots.parameters, direction);
}

void Optimizer::clear_gradients() {
    for (auto& slots : slots_) {
        for (auto& parameter : slots.parameters) parameter.mutable_grad().reset();
    }
}

void Optimizer::retire_groups(std::int64_t step) {
    for (auto& slots : slots_) {
        if (slots.retired || !slots.group.ends || step < slots.group.schedule.total_steps) continue;
        slots.retired = true;
        for (auto& parameter : slots.parameters) parameter.requires_grad_(false);
    }
}

double Optimizer::learning_rate(std::int64_t step) const {
    return slots_.empty() ? 0.0 : slots_.front().group.learning_rate * slots_.front().group.schedule.factor(step);
}

std::vector<NamedTensor> Optimizer::state() const {
    std::vector<NamedTensor> state;
    for (const auto& slots : slots_) {
        for (std::size_t i = 0; i < slots.parameters.size(); ++i) {
            const auto& name = slots.group.parameters[i].name;
            if (!slots.first.empty()) state.push_back({"first." + name, slots.first[i]});
            if (!slots.second.empty()) state.push_back({"second." + name, slots.second[i]});
        }
    }
    return state;
}

void Optimizer::load_state(const std::vector<NamedTensor>& state) {
    std::map<std::string, at::Tensor> given;
    for (const auto& [name, tensor] : state) given.emplace(name, tensor);
    for (const auto& [name, tensor] : this->state()) {
        const auto found = given.find(name);
        if (found == given.end() || found->second.sizes() != tensor.sizes()) {
            throw ArtifactError(text("the checkpoint's optimizer state does not fit: '", name, "' ",
                                     found == given.end() ? "is missing" : "has another shape"));
        }
        tensor.copy_(found->second);
    }
}

}  // namespace tundish
