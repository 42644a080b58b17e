#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading SageMaker's JSON files with errors that say file, key, what was expected and what was found.
namespace tundish {

/// A parsed JSON value. Plain data; the parser behind it is seen in json_file.cpp only.
struct JsonValue {
    enum class Kind { null, boolean, number, text, list, object };

    Kind kind = Kind::null;
    std::string text;                ///< of a text its content; of a number or boolean how JSON writes it
    std::vector<std::string> names;  ///< of an object, in alphabetical order
    std::vector<JsonValue> items;    ///< of a list its members; of an object its values, in the order of names

    [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
    /// The value of a name in an object; nullptr when there is none.
    [[nodiscard]] const JsonValue* find(std::string_view name) const;
    /// The same, and nullptr for null: SageMaker writes null for what was not asked for.
    [[nodiscard]] const JsonValue* given(std::string_view name) const;
};

/// The file's content; nothing when there is no such file. MachineError when it is there but cannot be read.
std::optional<std::string> read_if_present(const std::filesystem::path& path);

/// Parses `content`, which must hold one JSON object without repeated top-level names and with moderate
/// nesting. ConfigError naming `file`, line and column otherwise.
JsonValue parse_object(std::string_view content, const std::string& file);

/// The content of `value` when the whole of it is one JSON text, quotes included; nothing otherwise.
std::optional<std::string> parse_json_text(std::string_view value);

/// The members of a list of texts, which may come as the JSON text of that list; nothing for any other value.
std::optional<std::vector<std::string>> parse_text_list(const JsonValue& value);

/// What a value is, for messages: `the text "Fil"`, `the number 3`, `a list`, `null`.
std::string found(const JsonValue& value);

/// `value` in quotes, without control characters, shortened when long: for messages.
std::string quoted(std::string_view value);

/// Throws ConfigError: "<file>: <key> should be <expected>, found <value>".
[[noreturn]] void wrong_type(const std::string& file, const std::string& key, const std::string& expected,
                             const JsonValue& value);

/// The text at object[key]; `fallback` when it is absent or null. `where` is the object's own name with a
/// dot.
std::string text_or(const JsonValue& object, const std::string& key, const std::string& fallback,
                    const std::string& file, const std::string& where = "");

/// True for a name that can be one component of a path: not empty, not "." or "..", no '/', no control
/// character.
bool is_plain_name(std::string_view name);

}  // namespace tundish
