#include "json_file.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace tundish {
namespace {

using Json = nlohmann::json;
using Kind = JsonValue::Kind;

constexpr int kDeepestNesting = 32;  // SageMaker's files have 3; more would only be meant to exhaust the stack

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// nlohmann's message without its own tag: "[json.exception.parse_error.101] parse error at line 1, column 2:
/// …".
std::string reason_of(const Json::exception& error) {
    std::string_view reason = error.what();
    if (const auto tag_end = reason.find("] "); tag_end != std::string_view::npos) reason.remove_prefix(tag_end + 2);
    return std::string(utf8_prefix(reason, 240));
}

Kind kind_of(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
            return Kind::null;
        case Json::value_t::boolean:
            return Kind::boolean;
        case Json::value_t::string:
            return Kind::text;
        case Json::value_t::array:
            return Kind::list;
        case Json::value_t::object:
            return Kind::object;
        default:
            return Kind::number;
    }
}

/// Recursion is bounded by kDeepestNesting.
JsonValue copied(const Json& value) {
    JsonValue out;
    out.kind = kind_of(value);
    if (out.is(Kind::text)) out.text = value.get<std::string>();
    if (out.is(Kind::number) || out.is(Kind::boolean)) out.text = value.dump();
    if (!value.is_structured()) return out;
    for (const auto& item : value.items()) {
        if (value.is_object()) out.names.push_back(item.key());
        out.items.push_back(copied(item.value()));
    }
    return out;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? nullptr : &items[static_cast<std::size_t>(at - names.begin())];
}

const JsonValue* JsonValue::given(std::string_view name) const {
    const JsonValue* value = find(name);
    return value == nullptr || value->is(Kind::null) ? nullptr : value;
}

std::optional<std::string> read_if_present(const std::filesystem::path& path) {
    // Only "not found" counts as missing: a folder without its execute bit (seen in a real job) gives another
    // error.
    std::error_code error;
    if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) return std::nullopt;
    return read_file(path);
}

JsonValue parse_object(std::string_view content, const std::string& file) {
    if (trim(content).empty()) throw ConfigError(text(file, ": the file is empty; expected a JSON object, {…}"));
    std::set<std::string> names;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > kDeepestNesting) throw ConfigError(text(file, ": nested deeper than ", kDeepestNesting, " levels"));
        if (event == Json::parse_event_t::key && depth == 1 && !names.insert(parsed.get<std::string>()).second) {
            throw ConfigError(text(file, ": the name ", quoted(parsed.get<std::string>()), " is given twice"));
        }
        return true;
    };
    Json document;
    try {
        document = Json::parse(content, watch);
    } catch (const Json::exception& error) {
        throw ConfigError(text(file, ": not valid JSON: ", reason_of(error)));
    }
    JsonValue object = copied(document);
    if (!object.is(Kind::object)) {
        throw ConfigError(text(file, ": expected a JSON object, {…}, found ", found(object)));
    }
    return object;
}

std::optional<std::string> parse_json_text(std::string_view value) {
    if (value.size() < 2 || value.front() != '"') return std::nullopt;
    const Json inner = Json::parse(value, nullptr, /*allow_exceptions=*/false);
    if (!inner.is_string()) return std::nullopt;
    return inner.get<std::string>();
}

std::optional<std::vector<std::string>> parse_text_list(const JsonValue& value) {
    std::vector<std::string> members;
    if (value.is(Kind::list)) {
        for (const auto& item : value.items) {
            if (!item.is(Kind::text)) return std::nullopt;
            members.push_back(item.text);
        }
        return members;
    }
    if (!value.is(Kind::text)) return std::nullopt;
    const std::string list = parse_json_text(value.text).value_or(value.text);
    const Json inner = Json::parse(list, nullptr, /*allow_exceptions=*/false);
    if (!inner.is_array() ||
        !std::all_of(inner.begin(), inner.end(), [](const Json& item) { return item.is_string(); }))
        return std::nullopt;
    return inner.get<std::vector<std::string>>();
}

std::string quoted(std::string_view value) {
    constexpr std::size_t kLongest = 80;
    std::string shown(utf8_prefix(value, kLongest));
    for (char& c : shown) {
        if (is_control(c)) c = ' ';
    }
    return text('"', shown, value.size() > shown.size() ? "…\"" : "\"");
}

std::string found(const JsonValue& value) {
    switch (value.kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return value.text;
        case Kind::number:
            return text("the number ", value.text);
        case Kind::text:
            return text("the text ", quoted(value.text));
        case Kind::list:
            return "a list";
        case Kind::object:
            return "an object";
    }
    return "";
}

void wrong_type(const std::string& file, const std::string& key, const std::string& expected, const JsonValue& value) {
    throw ConfigError(text(file, ": ", key, " should be ", expected, ", found ", found(value)));
}

std::string text_or(const JsonValue& object, const std::string& key, const std::string& fallback,
                    const std::string& file, const std::string& where) {
    const JsonValue* value = object.given(key);
    if (value == nullptr) return fallback;
    if (!value->is(Kind::text)) wrong_type(file, where + key, "a text", *value);
    return value->text;
}

bool is_plain_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
    for (const char c : name) {
        if (c == '/' || is_control(c)) return false;
    }
    return true;
}

}  // namespace tundish
