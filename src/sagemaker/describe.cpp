#include "tundish/sagemaker/describe.hpp"

#include "tundish/base/text.hpp"
#include "tundish/sagemaker/hyperparameter_table.hpp"

#include <nlohmann/json.hpp>

namespace tundish {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string pretty(const OrderedJson& document) {
    return document.dump(2) + "\n";
}

/// SageMaker's validation compares texts, so every accepted spelling of a choice is listed.
std::vector<std::string> all_spellings(const Hyperparameter& row) {
    if (row.support == Support::planned) return {row.default_text};
    if (row.kind == ValueKind::boolean) return {"true", "false", "True", "False", "1", "0"};
    std::vector<std::string> spellings = row.choices;
    for (const auto& [spelling, choice] : row.synonyms) spellings.push_back(spelling);
    return spellings;
}

/// Adds Type and, where the type has one, Range.
void add_type(OrderedJson& entry, const Hyperparameter& row) {
    const bool one_value = row.support == Support::planned;
    if (one_value || row.kind == ValueKind::boolean || row.kind == ValueKind::choice) {
        entry["Type"] = "Categorical";
        entry["Range"]["CategoricalParameterRangeSpecification"]["Values"] = all_spellings(row);
    } else if (row.kind == ValueKind::integer || row.kind == ValueKind::number) {
        const bool whole = row.kind == ValueKind::integer;
        entry["Type"] = whole ? "Integer" : "Continuous";
        auto& range =
            entry["Range"][whole ? "IntegerParameterRangeSpecification" : "ContinuousParameterRangeSpecification"];
        range["MinValue"] = plain_number(row.lowest);
        range["MaxValue"] = plain_number(row.highest);
    } else {
        entry["Type"] = "FreeText";
    }
}

OrderedJson hyperparameter_entry(const Hyperparameter& row, const std::string& name, const std::string& description) {
    OrderedJson entry;
    entry["Name"] = name;
    entry["Description"] = std::string(utf8_prefix(description, 1024));
    add_type(entry, row);
    if (row.aliases.empty() && !row.default_text.empty()) entry["DefaultValue"] = row.default_text;
    entry["IsTunable"] = row.tunable;
    entry["IsRequired"] = false;
    return entry;
}

/// The sentence, what happens without the hyperparameter and, for a name that is only known, that it is.
std::string description(const Hyperparameter& row) {
    if (row.support == Support::planned) return text("Not built yet. ", row.sentence);
    const bool says_default = row.support == Support::ignored || row.sentence.find("Default:") != std::string::npos;
    if (says_default) return row.sentence;
    return text(row.sentence, " Default: ", row.default_text.empty() ? "as the model's recipe says" : row.default_text,
                '.');
}

OrderedJson hyperparameter_entries() {
    OrderedJson entries = OrderedJson::array();
    for (const auto& row : hyperparameter_table()) {
        entries.push_back(hyperparameter_entry(row, row.name, description(row)));
        for (const auto& alias : row.aliases) {
            entries.push_back(hyperparameter_entry(row, alias, text("Another name of ", row.name, ". ", row.sentence)));
        }
    }
    return entries;
}

OrderedJson metric_entries(const std::vector<MetricDefinition>& definitions) {
    OrderedJson entries = OrderedJson::array();
    for (const auto& definition : definitions) {
        entries.push_back({{"Name", definition.name}, {"Regex", definition.regex}});
    }
    return entries;
}

/// What a tuning job may aim at: accuracies up, losses down, of the validation set only.
OrderedJson tuning_objectives(const std::vector<MetricDefinition>& definitions) {
    OrderedJson objectives = OrderedJson::array();
    for (const auto& [name, regex] : definitions) {
        if (!name.starts_with("validation:")) continue;
        const bool is_loss = name.find("loss") != std::string::npos;
        if (!is_loss && name.find("accuracy") == std::string::npos) continue;
        objectives.push_back({{"Type", is_loss ? "Minimize" : "Maximize"}, {"MetricName", name}});
    }
    return objectives;
}

OrderedJson channel_entry(const std::string& name, const std::string& sentence, bool required) {
    const bool is_list = name.ends_with("_lst");
    OrderedJson entry;
    entry["Name"] = name;
    entry["Description"] = sentence;
    entry["IsRequired"] = required;
    entry["SupportedContentTypes"] = is_list ? OrderedJson{"text/plain", "application/x-image"}
                                             : OrderedJson{"application/octet-stream",
                                                           "application/x-recordio",
                                                           "application/x-tfrecord",
                                                           "application/x-image",
                                                           "image/jpeg",
                                                           "image/png"};
    entry["SupportedCompressionTypes"] = {"None", "Gzip"};
    entry["SupportedInputModes"] = is_list ? OrderedJson{"File", "FastFile"} : OrderedJson{"File", "FastFile", "Pipe"};
    return entry;
}

OrderedJson channel_entries() {
    return {
        channel_entry("train", "Training images.", true),
        channel_entry("validation", "Images that each epoch is evaluated on.", false),
        channel_entry("test", "Another name of validation.", false),
        channel_entry("eval", "Another name of validation.", false),
        channel_entry("train_lst", "A .lst file that names the images of train and their classes.", false),
        channel_entry("validation_lst", "A .lst file that names the images of validation and their classes.", false)};
}

OrderedJson instance_types() {
    return {"ml.m5.large",    "ml.m5.xlarge",   "ml.m5.2xlarge",   "ml.m5.4xlarge",  "ml.m5.12xlarge", "ml.m5.24xlarge",
            "ml.c5.xlarge",   "ml.c5.2xlarge",  "ml.c5.4xlarge",   "ml.c5.9xlarge",  "ml.c5.18xlarge", "ml.m7i.xlarge",
            "ml.m7i.2xlarge", "ml.m7i.4xlarge", "ml.c7i.xlarge",   "ml.c7i.2xlarge", "ml.c7i.4xlarge", "ml.c7i.8xlarge",
            "ml.p3.2xlarge",  "ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g5.xlarge",   "ml.g5.2xlarge",  "ml.g6.xlarge",
            "ml.g6.2xlarge",  "ml.g6e.xlarge",  "ml.p4d.24xlarge", "ml.p5.48xlarge"};
}

OrderedJson training_specification(const std::vector<MetricDefinition>& definitions) {
    OrderedJson specification;
    specification["TrainingImage"] = "<account>.dkr.ecr.<region>.amazonaws.com/tundish:latest";
    specification["SupportedHyperParameters"] = hyperparameter_entries();
    specification["SupportedTrainingInstanceTypes"] = instance_types();
    specification["SupportsDistributedTraining"] = true;
    specification["MetricDefinitions"] = metric_entries(definitions);
    specification["TrainingChannels"] = channel_entries();
    specification["SupportedTuningJobObjectiveMetrics"] = tuning_objectives(definitions);
    return specification;
}

/// The names of a row, for the README: `precision` (also `precision_dtype`).
std::string markdown_names(const Hyperparameter& row) {
    std::vector<std::string> others;
    for (const auto& alias : row.aliases) {
        if (alias.find('-') == std::string::npos) others.push_back(text('`', alias, '`'));
    }
    return text('`', row.name, '`', others.empty() ? "" : text(" (also ", join(others, ", "), ")"));
}

}  // namespace

std::string describe_hyperparameters() {
    return pretty(hyperparameter_entries());
}

std::string describe_metrics(const std::vector<MetricDefinition>& definitions) {
    return pretty(metric_entries(definitions));
}

std::string describe_create_algorithm(const std::vector<MetricDefinition>& definitions) {
    OrderedJson request;
    request["AlgorithmName"] = "tundish";
    request["AlgorithmDescription"] = "Image classification, trained by one C++ executable.";
    request["TrainingSpecification"] = training_specification(definitions);
    return pretty(request);
}

std::string hyperparameters_markdown() {
    std::string table = "| name | values | default | what |\n|---|---|---|---|\n";
    for (const auto& row : hyperparameter_table()) {
        if (row.support != Support::built) continue;
        table += text("| ", markdown_names(row), " | ", accepted_values(row), " | ",
                      row.default_text.empty() ? "–" : row.default_text, " | ", row.sentence, " |\n");
    }
    std::vector<std::string> known;
    for (const auto& row : hyperparameter_table()) {
        if (row.support == Support::planned) known.push_back(text('`', row.name, '`'));
    }
    return text(table, "\nKnown and not built yet (only their defaults are accepted): ", join(known, ", "), ".\n");
}

}  // namespace tundish
