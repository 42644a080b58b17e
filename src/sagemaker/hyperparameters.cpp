#include "tundish/sagemaker/hyperparameters.hpp"

#include "hyperparameter_value.hpp"
#include "json_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/sagemaker/hyperparameter_table.hpp"

#include <algorithm>
#include <map>

namespace tundish {
namespace {

/// `-` and `_` are the same in names.
std::string canonical(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

/// Names that the platform, its SDK or a tuning job add, and that no algorithm should look at. "--epochs" is
/// none of them.
bool is_reserved(const std::string& given, const std::string& name) {
    return given.starts_with('_') || name.starts_with("sagemaker_") || name == "model_dir" ||
           name == "default_user_module_name";
}

/// The one of them that is for us.
constexpr const char* kInstanceGroups = "sagemaker_distribution_instance_groups";

/// One given name with its value.
struct Given {
    std::string name;  ///< as the user wrote it
    HyperparameterValue value;
};

/// Sorts out one file. Collects problems instead of stopping at the first.
class Reader {
  public:
    Reader() {
        for (const auto& row : hyperparameter_table()) {
            rows_[canonical(row.name)] = &row;
            for (const auto& alias : row.aliases) rows_[canonical(alias)] = &row;
        }
    }

    void read(const JsonValue& document) {
        std::vector<std::string> reserved;
        for (std::size_t i = 0; i < document.names.size(); ++i) {
            const std::string& given = document.names[i];
            const std::string name = canonical(given);
            if (name == kInstanceGroups) {
                take_instance_groups(document.items[i]);
            } else if (is_reserved(given, name)) {
                reserved.push_back(text(utf8_prefix(given, 80)));
            } else if (const auto row = rows_.find(name); row != rows_.end()) {
                take(*row->second, given, document.items[i]);
            } else {
                unknown(given, name);
            }
        }
        if (!reserved.empty()) settings_.notes.push_back("hyperparameters set aside: " + join(reserved, ", "));
    }

    JobSettings finish(const std::string& file) {
        for (const auto& problem : settings_.options.problems()) problems_.push_back(problem);
        if (problems_.empty()) return std::move(settings_);
        if (problems_.size() == 1) throw ConfigError(text("hyperparameters: ", problems_.front(), " (", file, ')'));
        throw ConfigError(text(problems_.size(), " problems with the hyperparameters, the first: ", problems_.front(),
                               " (", file, ")\nalso:\n- ", join({problems_.begin() + 1, problems_.end()}, "\n- ")));
    }

  private:
    void unknown(const std::string& given, const std::string& name) {
        std::vector<std::string> known;
        for (const auto& [known_name, row] : rows_) known.push_back(known_name);
        // The search costs its word's length for each known name; no typing error is longer than this.
        const std::string near = name.size() > 100 ? "" : nearest_word(lower(name), known);
        problems_.push_back(text("unknown name ", quoted(given),
                                 near.empty() ? ". `tundish describe --hyperparameters` lists all names"
                                              : text(". Did you mean ", near, "?")));
    }

    void take(const Hyperparameter& row, const std::string& name, const JsonValue& given) {
        if (row.support == Support::ignored) {
            settings_.notes.push_back(text("hyperparameter ", name, " is accepted and has no effect"));
            return;
        }
        const DecodedValue decoded = decode_value(row, given);
        if (decoded.problem.empty() && std::holds_alternative<std::monostate>(decoded.value)) {
            settings_.notes.push_back(text("hyperparameter ", name, " is null and counts as not given"));
        } else if (row.support == Support::planned) {
            if (!decoded.problem.empty() || decoded.value != default_value(row)) {
                problems_.push_back(text(name, " is not built yet: leave it out, or give ", row.default_text));
            }
        } else if (!decoded.problem.empty()) {
            problems_.push_back(text(name, ": ", decoded.problem, hint(row, decoded.problem)));
        } else {
            keep(row, {name, decoded.value});
        }
    }

    void take_instance_groups(const JsonValue& given) {
        if (given.is(JsonValue::Kind::null)) return;
        if (const auto groups = parse_text_list(given)) {
            settings_.instance_groups = *groups;
        } else {
            problems_.push_back(
                text(kInstanceGroups, ": ", found(given), " is no list of instance groups; expected [\"name\"]"));
        }
    }

    /// What would be accepted, unless the problem has said so.
    static std::string hint(const Hyperparameter& row, const std::string& problem) {
        const std::string accepted = accepted_values(row);
        const bool said =
            problem.find(" is outside ") != std::string::npos || problem.find(accepted) != std::string::npos;
        return said ? "" : text("; expected ", accepted);
    }

    /// Stores the value, unless another name of the same row came with a different one.
    void keep(const Hyperparameter& row, const Given& given) {
        const auto [earlier, is_first] = taken_.emplace(row.name, given);
        if (is_first) {
            row.store(settings_, given.value);
        } else if (earlier->second.value != given.value) {
            problems_.push_back(text(earlier->second.name, " and ", given.name,
                                     " are two names of one setting and have different values: give one of them"));
        }
    }

    std::map<std::string, const Hyperparameter*> rows_;  // by canonical name
    std::map<std::string, Given> taken_;                 // by the row's name
    JobSettings settings_;
    std::vector<std::string> problems_;
};

}  // namespace

JobSettings parse_hyperparameters(std::string_view json, const std::string& file) {
    Reader reader;
    reader.read(parse_object(json, file));
    return reader.finish(file);
}

JobSettings read_hyperparameters(const Paths& paths) {
    const auto path = paths.hyperparameters();
    return parse_hyperparameters(read_if_present(path).value_or("{}"), path.string());
}

}  // namespace tundish
