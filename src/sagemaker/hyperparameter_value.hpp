#pragma once

#include "json_file.hpp"
#include "tundish/sagemaker/hyperparameter_table.hpp"

#include <optional>
#include <string>
#include <variant>

namespace tundish {

/// A decoded value or, as text, what is wrong with it: "1.5 is not a whole number".
struct DecodedValue {
    HyperparameterValue value;
    std::string problem;  ///< empty when all is well
};

/// Decodes `given` by the row's declared kind and checks range or choice. One layer of JSON quotes is taken
/// off: what the SDK does to values has changed with its versions (training-contract.md §4). null and None
/// mean "not given".
DecodedValue decode_value(const Hyperparameter& row, const JsonValue& given);

/// The same for the default text, which always decodes. `monostate` when the row has none.
HyperparameterValue default_value(const Hyperparameter& row);

}  // namespace tundish
