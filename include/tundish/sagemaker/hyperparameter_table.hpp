#pragma once

#include "tundish/data/image.hpp"
#include "tundish/sagemaker/hyperparameters.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The one declaration of every hyperparameter. The parser, the range errors, `describe` and the README table
/// come from it, and default values come from the option structs themselves: a new hyperparameter is a new
/// row and nothing else.
namespace tundish {

/// How a value is written. `number_list` and `shape` are JSON lists or comma lists; `word` is any text;
/// `anything` is taken and ignored.
enum class ValueKind { integer, number, boolean, choice, number_list, shape, word, anything };

/// A decoded value. Choices are text in the table's own spelling; `monostate` stands for "not given" (null,
/// None).
using HyperparameterValue =
    std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<double>, ImageShape>;

enum class Support {
    built,
    planned,  ///< a known name; only its default value is accepted for now
    ignored,  ///< accepted for the sake of other dialects, without effect
};

/// One row.
struct Hyperparameter {
    std::string name;
    std::vector<std::string> aliases;  ///< other dialects' names; `-` and `_` count as equal anyway
    ValueKind kind = ValueKind::anything;
    double lowest = 0.0;  ///< integer, number and each member of a number_list: both ends are allowed
    double highest = 0.0;
    std::vector<std::string> choices;                           ///< accepted texts, in any case
    std::vector<std::pair<std::string, std::string>> synonyms;  ///< another dialect's spelling, the choice it means
    std::vector<std::string> planned_choices;                   ///< known elsewhere, not built here yet
    std::string default_text;                                   ///< empty: the model's recipe or the data decides
    std::string sentence;                                       ///< what it does, with its unit
    bool tunable = false;
    Support support = Support::built;
    std::function<void(JobSettings&, const HyperparameterValue&)> store;  ///< empty unless support is `built`
};

/// All rows, in the order of the README. Built once; any thread.
const std::vector<Hyperparameter>& hyperparameter_table();

/// "1..1000", "one of sgd, nag", "true or false": for messages and documents.
std::string accepted_values(const Hyperparameter& row);

/// A number as text, shortest form, without an exponent where that is readable: "0.001", "32", "1e-08".
std::string plain_number(double value);

}  // namespace tundish
