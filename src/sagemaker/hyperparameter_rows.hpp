#pragma once

#include "tundish/sagemaker/hyperparameter_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// Builders for rows of the hyperparameter table. A row is tied to a field of an options struct by pointer to
/// member; the default text is read from a default-constructed struct, so the two cannot disagree.
namespace tundish::rows {

template <typename Value>
auto at(Value TrainOptions::*member) {
    return [member](JobSettings& settings) -> Value& { return settings.options.*member; };
}
template <typename Value>
auto at(Value DataOptions::*member) {
    return [member](JobSettings& settings) -> Value& { return settings.options.data.*member; };
}
template <typename Value>
auto at(Value JobSettings::*member) {
    return [member](JobSettings& settings) -> Value& { return settings.*member; };
}

template <typename Field>
struct plain {
    using type = Field;
};
template <typename Value>
struct plain<std::optional<Value>> {
    using type = Value;
};
/// The type of a field, without `optional`.
template <typename Field>
using plain_t = typename plain<Field>::type;

/// The field's default as text; empty for an absent optional.
template <typename Field, typename ToText>
std::string default_of(const Field& field, ToText to_text) {
    if constexpr (std::is_same_v<Field, plain_t<Field>>) {
        return to_text(field);
    } else {
        return field ? to_text(*field) : std::string();
    }
}

/// A row being written down.
class Row {
  public:
    Row(std::string name, ValueKind kind, std::string sentence) {
        row_.name = std::move(name);
        row_.kind = kind;
        row_.sentence = std::move(sentence);
    }

    Row alias(std::string name) && { return row_.aliases.push_back(std::move(name)), std::move(*this); }
    Row tunable() && { return row_.tunable = true, std::move(*this); }
    Row synonym(std::string spelling, std::string choice) && {
        return row_.synonyms.emplace_back(std::move(spelling), std::move(choice)), std::move(*this);
    }
    Row planned(std::vector<std::string> choices) && {
        return row_.planned_choices = std::move(choices), std::move(*this);
    }
    operator Hyperparameter() && { return std::move(row_); }  // NOLINT: ends the chain

    Hyperparameter row_;
};

/// Ties a row to a field. `Stored`: which member of HyperparameterValue holds values of the row's kind.
template <typename Stored, typename Access>
void store_as(Hyperparameter& row, Access access) {
    row.store = [access](JobSettings& settings, const HyperparameterValue& value) {
        auto& field = access(settings);
        field = static_cast<plain_t<std::remove_reference_t<decltype(field)>>>(std::get<Stored>(value));
    };
}

template <typename Member>
Row number_row(ValueKind kind, std::string name, Member member, double lowest, double highest, std::string sentence) {
    Row made(std::move(name), kind, std::move(sentence));
    made.row_.lowest = lowest;
    made.row_.highest = highest;
    JobSettings defaults;
    made.row_.default_text =
        default_of(at(member)(defaults), [](auto number) { return plain_number(static_cast<double>(number)); });
    return made;
}

/// A whole number within lowest..highest.
template <typename Member>
Row integer(std::string name, Member member, double lowest, double highest, std::string sentence) {
    Row made = number_row(ValueKind::integer, std::move(name), member, lowest, highest, std::move(sentence));
    store_as<std::int64_t>(made.row_, at(member));
    return made;
}

/// A number within lowest..highest.
template <typename Member>
Row number(std::string name, Member member, double lowest, double highest, std::string sentence) {
    Row made = number_row(ValueKind::number, std::move(name), member, lowest, highest, std::move(sentence));
    store_as<double>(made.row_, at(member));
    return made;
}

template <typename Member>
Row boolean(std::string name, Member member, std::string sentence) {
    Row made(std::move(name), ValueKind::boolean, std::move(sentence));
    JobSettings defaults;
    made.row_.default_text = default_of(at(member)(defaults), [](bool on) { return on ? "true" : "false"; });
    store_as<bool>(made.row_, at(member));
    return made;
}

/// One of several words, each with the value it stands for.
template <typename Field, typename Owner>
Row choice(std::string name, Field Owner::*member, std::vector<std::pair<std::string, plain_t<Field>>> words,
           std::string sentence) {
    Row made(std::move(name), ValueKind::choice, std::move(sentence));
    for (const auto& [word, value] : words) made.row_.choices.push_back(word);
    JobSettings defaults;
    made.row_.default_text = default_of(at(member)(defaults), [&](const plain_t<Field>& wanted) {
        for (const auto& [word, value] : words) {
            if (value == wanted) return word;
        }
        return std::string();
    });
    made.row_.store = [member, words](JobSettings& settings, const HyperparameterValue& value) {
        for (const auto& [word, meaning] : words) {
            if (word == std::get<std::string>(value)) at(member)(settings) = meaning;
        }
    };
    return made;
}

/// A known name of which only `default_text` is accepted for now.
inline Row planned(std::string name, ValueKind kind, std::string default_text, std::string sentence) {
    Row made(std::move(name), kind, std::move(sentence));
    made.row_.support = Support::planned;
    if (kind == ValueKind::choice) made.row_.choices = {default_text};
    made.row_.default_text = std::move(default_text);
    return made;
}

/// A name of another dialect that is accepted with any value and has no effect.
inline Row ignored(std::string name, std::string sentence) {
    Row made(std::move(name), ValueKind::anything, std::move(sentence));
    made.row_.support = Support::ignored;
    return made;
}

}  // namespace tundish::rows
