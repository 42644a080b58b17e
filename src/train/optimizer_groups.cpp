#include <cmath>

#include "tundish/train/optimizer.hpp"

namespace tundish {
namespace {

// airbench94_muon's constants (performance.md §1.3), for a loss summed over the batch.
constexpr double kReferenceMuonRate = 0.24;
constexpr double kBiasRate = 0.053;
constexpr double kHeadRate = 0.67;
constexpr double kSgdMomentum = 0.85;
constexpr double kWhiteningBiasEpochs = 3.0;

std::int64_t in_steps(double epochs, const Recipe& recipe) {
    return std::llround(epochs * static_cast<double>(recipe.steps_per_epoch));
}

LrSchedule schedule_of(const TrainOptions& options, const Recipe& recipe) {
    LrSchedule schedule;
    schedule.kind = recipe.schedule;
    schedule.total_steps = recipe.total_steps;
    schedule.warmup_steps = in_steps(options.warmup_epochs, recipe);
    for (const double epoch : options.lr_scheduler_step) schedule.milestones.push_back(in_steps(epoch, recipe));
    schedule.milestone_factor = options.lr_scheduler_factor;
    return schedule;
}

std::vector<Parameter> with_roles(const Network& network, std::initializer_list<ParameterRole> roles) {
    std::vector<Parameter> chosen;
    for (const auto& parameter : network.parameters()) {
        const bool wanted = std::find(roles.begin(), roles.end(), parameter.role) != roles.end();
        if (wanted && parameter.tensor.requires_grad()) chosen.push_back(parameter);
    }
    return chosen;
}

ParameterGroup common_group(const TrainOptions& options, const Recipe& recipe) {
    ParameterGroup group;
    group.kind = recipe.optimizer;
    group.learning_rate = recipe.learning_rate;
    group.momentum = recipe.momentum;
    group.beta_1 = options.beta_1;
    group.beta_2 = options.beta_2;
    group.eps = recipe.eps;
    group.gamma = options.gamma;
    group.schedule = schedule_of(options, recipe);
    return group;
}

// Nesterov SGD beside Muon. The recipe's decay value is divided by the rate, so that decay does not depend on it.
ParameterGroup sgd_beside_muon(const TrainOptions& options, const Recipe& recipe, std::vector<Parameter> parameters,
                               double rate) {
    ParameterGroup group = common_group(options, recipe);
    group.parameters = std::move(parameters);
    group.kind = OptimizerKind::nag;
    group.learning_rate = rate * recipe.learning_rate / kReferenceMuonRate;
    group.momentum = kSgdMomentum;
    group.weight_decay = group.learning_rate > 0.0 ? recipe.weight_decay / group.learning_rate : 0.0;
    return group;
}

std::vector<ParameterGroup> muon_groups(const Network& network, const TrainOptions& options, const Recipe& recipe) {
    ParameterGroup filters = common_group(options, recipe);
    filters.parameters = with_roles(network, {ParameterRole::filter});
    filters.float32 = options.precision == Precision::fp32;
    auto whitening = sgd_beside_muon(options, recipe, with_roles(network, {ParameterRole::whitening_bias}), kBiasRate);
    whitening.schedule.kind = ScheduleKind::linear;
    whitening.schedule.total_steps = std::min(recipe.total_steps, in_steps(kWhiteningBiasEpochs, recipe));
    whitening.ends = true;
    auto biases = sgd_beside_muon(
        options, recipe,
        with_roles(network, {ParameterRole::norm_bias, ParameterRole::norm_scale, ParameterRole::bias}), kBiasRate);
    auto head = sgd_beside_muon(options, recipe, with_roles(network, {ParameterRole::linear_weight}), kHeadRate);
    return {std::move(filters), std::move(whitening), std::move(biases), std::move(head)};
}

}  // namespace

std::vector<ParameterGroup> make_groups(const Network& network, const TrainOptions& options, const Recipe& recipe) {
    if (recipe.optimizer == OptimizerKind::muon) return muon_groups(network, options, recipe);
    ParameterGroup decayed = common_group(options, recipe);
    decayed.parameters = with_roles(network, {ParameterRole::filter, ParameterRole::linear_weight});
    decayed.weight_decay = recipe.weight_decay;
    ParameterGroup plain = common_group(options, recipe);
    plain.parameters = with_roles(network, {ParameterRole::bias, ParameterRole::whitening_bias,
                                            ParameterRole::norm_scale, ParameterRole::norm_bias});
    return {std::move(decayed), std::move(plain)};
}

}  // namespace tundish
