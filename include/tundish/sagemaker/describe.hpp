#pragma once

#include "tundish/train/reporters.hpp"

#include <string>
#include <vector>

/// Documents that are made from the declared tables, so that they cannot disagree with the program. All JSON
/// is indented by two blanks and ends with a newline.
namespace tundish {

/// SageMaker's SupportedHyperParameters: a list of {Name, Description, Type, Range, DefaultValue, IsTunable,
/// IsRequired}. Aliases are entries of their own. Nothing that has an alias, or is one, carries a
/// DefaultValue: SageMaker's SDK sends default values with the job, and a default beside an alias with
/// another value would be a contradiction.
std::string describe_hyperparameters();

/// SageMaker's MetricDefinitions: a list of {Name, Regex}.
std::string describe_metrics(const std::vector<MetricDefinition>& definitions);

/// The whole CreateAlgorithm request. TrainingImage holds a placeholder that the user replaces.
std::string describe_create_algorithm(const std::vector<MetricDefinition>& definitions);

/// The README's table of hyperparameters, in Markdown.
std::string hyperparameters_markdown();

}  // namespace tundish
