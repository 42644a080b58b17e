#include "hyperparameter_value.hpp"

#include "tundish/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>
#include <vector>

namespace tundish {
namespace {

using Kind = JsonValue::Kind;

constexpr double kLargestSide = 4096;  // of an image, in pixels

/// Thrown and caught in this file only: carries one sentence up through the decoders.
struct BadValue {
    std::string problem;
};

/// `value` without one layer of JSON quotes, if the whole of it is a JSON string.
std::string unquoted(std::string_view value) {
    value = trim(value);
    const auto inner = parse_json_text(value);
    return std::string(inner ? trim(*inner) : value);
}

/// A JSON value as the text that SageMaker's string-to-string map would have held.
std::string plain_text(const JsonValue& given) {
    if (given.is(Kind::text)) return unquoted(given.text);
    if (given.is(Kind::boolean) || given.is(Kind::number)) return given.text;
    throw BadValue{text(found(given), " is no single value")};
}

double to_number(const std::string& value) {
    double number = 0.0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc::result_out_of_range) throw BadValue{text(quoted(value), " is too large or too small")};
    if (error != std::errc{} || end != value.data() + value.size())
        throw BadValue{text(quoted(value), " is not a number")};
    if (!std::isfinite(number)) throw BadValue{text(quoted(value), " is not a finite number")};
    return number;
}

double in_range(const Hyperparameter& row, double number, const std::string& shown) {
    if (number < row.lowest || number > row.highest) {
        throw BadValue{
            text(utf8_prefix(shown, 40), " is outside ", plain_number(row.lowest), "..", plain_number(row.highest))};
    }
    return number;
}

HyperparameterValue to_integer(const Hyperparameter& row, const std::string& value) {
    const double number = to_number(value);
    if (number != std::floor(number)) throw BadValue{text(quoted(value), " is not a whole number")};
    // The table keeps its ranges within 2^53, so what passes is exact.
    return static_cast<std::int64_t>(in_range(row, number, value));
}

HyperparameterValue to_boolean(const std::string& value) {
    const std::string word = lower(value);
    if (word == "true" || word == "1" || word == "yes") return true;
    if (word == "false" || word == "0" || word == "no") return false;
    throw BadValue{text(quoted(value), " is not true or false")};
}

HyperparameterValue to_choice(const Hyperparameter& row, const std::string& value) {
    const std::string word = lower(value);
    for (const auto& choice : row.choices) {
        if (lower(choice) == word) return choice;
    }
    for (const auto& [spelling, choice] : row.synonyms) {
        if (lower(spelling) == word) return choice;
    }
    for (const auto& choice : row.planned_choices) {
        if (lower(choice) == word) throw BadValue{text(quoted(value), " is not built yet; ", accepted_values(row))};
    }
    throw BadValue{text(quoted(value), " is not ", accepted_values(row))};
}

/// The members of a list: a JSON list, or text such as "[1, 2]", "(1, 2)", "1,2", "1, 2" or "".
std::vector<std::string> list_members(const JsonValue& given) {
    std::vector<std::string> members;
    if (given.is(Kind::list)) {
        for (const JsonValue& member : given.items) members.push_back(plain_text(member));
        return members;
    }
    const std::string whole = plain_text(given);
    std::string_view rest = whole;
    if (rest.size() >= 2 &&
        ((rest.front() == '[' && rest.back() == ']') || (rest.front() == '(' && rest.back() == ')'))) {
        rest = rest.substr(1, rest.size() - 2);
    }
    if (trim(rest).empty()) return members;
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
        comma = rest.find(',');
        members.push_back(unquoted(rest.substr(0, comma)));
        if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
    }
    return members;
}

HyperparameterValue to_number_list(const Hyperparameter& row, const JsonValue& given) {
    std::vector<double> numbers;
    for (const auto& member : list_members(given)) numbers.push_back(in_range(row, to_number(member), member));
    return numbers;
}

HyperparameterValue to_shape(const JsonValue& given) {
    std::vector<int> sides;
    for (const auto& member : list_members(given)) {
        const double side = to_number(member);
        if (side != std::floor(side) || side < 1 || side > kLargestSide) {
            throw BadValue{text(utf8_prefix(member, 40), " is not a whole number within 1..", kLargestSide)};
        }
        sides.push_back(static_cast<int>(side));
    }
    if (sides.size() != 3) throw BadValue{text(sides.size(), " numbers instead of 3: channels, height, width")};
    if (sides[0] != 1 && sides[0] != 3) throw BadValue{text(sides[0], " channels, which come first, are not 1 or 3")};
    return ImageShape{sides[0], sides[1], sides[2]};
}

/// Python's None and JSON's null, where they are no choice of their own.
bool means_nothing(const Hyperparameter& row, const JsonValue& given) {
    if (given.is(Kind::null)) return true;
    if (!given.is(Kind::text)) return false;
    const std::string word = unquoted(given.text);
    if (word == "null") return true;
    return word == "None" && std::find(row.choices.begin(), row.choices.end(), "none") == row.choices.end();
}

HyperparameterValue decode(const Hyperparameter& row, const JsonValue& given) {
    if (row.kind == ValueKind::anything || means_nothing(row, given)) return std::monostate{};
    switch (row.kind) {
        case ValueKind::integer:
            return to_integer(row, plain_text(given));
        case ValueKind::number: {
            const std::string value = plain_text(given);
            return in_range(row, to_number(value), value);
        }
        case ValueKind::boolean:
            return to_boolean(plain_text(given));
        case ValueKind::choice:
            return to_choice(row, plain_text(given));
        case ValueKind::number_list:
            return to_number_list(row, given);
        case ValueKind::shape:
            return to_shape(given);
        case ValueKind::word:
            return plain_text(given);
        case ValueKind::anything:
            break;
    }
    return std::monostate{};
}

}  // namespace

DecodedValue decode_value(const Hyperparameter& row, const JsonValue& given) {
    try {
        return {decode(row, given), ""};
    } catch (const BadValue& bad) {
        return {std::monostate{}, bad.problem};
    }
}

HyperparameterValue default_value(const Hyperparameter& row) {
    if (row.default_text.empty()) return std::monostate{};
    return decode_value(row, JsonValue{Kind::text, row.default_text, {}, {}}).value;
}

}  // namespace tundish
