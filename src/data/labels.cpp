#include "tundish/data/labels.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"

#include <cmath>
#include <vector>

namespace tundish {
namespace {

using std::string_view;

constexpr std::size_t kLongestLabel = 1U << 20U;  // a multi-hot list of kLabelLimit classes is longer than any real one

[[noreturn]] void not_a_label(ByteSpan bytes, string_view found = {}) {
    throw NotALabel(text("expected a label (a number, or a list of numbers), found ",
                         found.empty() ? describe_bytes(bytes) : std::string(found)));
}

string_view without_quotes(string_view value) {
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return quoted ? trim(value.substr(1, value.size() - 2)) : value;
}

// The numbers between the brackets; each may be quoted.
std::vector<double> list_of(string_view inside, ByteSpan bytes) {
    std::vector<double> values;
    if (trim(inside).empty()) return values;
    while (true) {
        const auto comma = inside.find(',');
        const auto value = parse_number<double>(without_quotes(trim(inside.substr(0, comma))));
        if (!value) not_a_label(bytes);
        values.push_back(*value);
        if (comma == string_view::npos) return values;
        inside.remove_prefix(comma + 1);
    }
}

std::int64_t class_of_list(const std::vector<double>& values, LabelFormat format, std::int64_t num_classes) {
    if (values.empty()) throw DataError("the label is an empty list; expected one class");
    if (format == LabelFormat::class_id) return class_from_numbers(values, format);
    if (values.size() == 1) {
        throw DataError(
            "the label is a list of one number, and a multi-hot list has one for each class. If the number is a class "
            "id, say so by the channel's content type: 'application/x-recordio; label-format=class-id' (of TFRecord: "
            "application/x-tfrecord)");
    }
    const auto classes = static_cast<std::int64_t>(values.size());
    const auto label = class_from_multi_hot(values);
    if (num_classes > 0 && classes != num_classes) {
        throw DataError(text("the multi-hot label has ", classes, " values; expected ", num_classes,
                             ", one for each class; check num_classes"));
    }
    return label;
}

}  // namespace

LabelFormat label_format_of(string_view content_type) {
    for (auto end = content_type.find(';'); end != string_view::npos; end = content_type.find(';')) {
        content_type.remove_prefix(end + 1);
        const auto parameter = trim(content_type.substr(0, content_type.find(';')));
        const auto equals = parameter.find('=');
        if (equals == string_view::npos || lower(trim(parameter.substr(0, equals))) != "label-format") continue;
        const auto value = lower(without_quotes(trim(parameter.substr(equals + 1))));
        if (value == "multi-hot") return LabelFormat::multi_hot;
        if (value == "class-id") return LabelFormat::class_id;
        throw ConfigError(text("content type: label-format is '", value,
                               "'; expected multi-hot, for lists of 0 and 1 (the default), or class-id, for lists that "
                               "hold the number of the class."));
    }
    return LabelFormat::multi_hot;
}

std::int64_t parse_label(ByteSpan bytes, LabelFormat format, std::int64_t num_classes) {
    if (bytes.size() > kLongestLabel || image_format(bytes)) not_a_label(bytes);
    const string_view label = without_quotes(trim(as_text(bytes)));
    if (label.starts_with('{')) {
        not_a_label(bytes,
                    "a JSON object, such as class metadata. Give AttributeNames two attributes, image and label");
    }
    std::int64_t found = 0;
    if (label.starts_with('[') && label.ends_with(']')) {
        found = class_of_list(list_of(label.substr(1, label.size() - 2), bytes), format, num_classes);
    } else if (const auto value = parse_number<double>(label)) {
        found = class_from_number(*value);
    } else {
        not_a_label(bytes);
    }
    check_label_range(found, num_classes);
    return found;
}

std::int64_t class_from_number(double value) {
    if (!std::isfinite(value) || value != std::floor(value)) {
        throw DataError(text("the label is ", value, "; expected a whole number"));
    }
    if (value < 0 || value >= static_cast<double>(kLabelLimit)) {
        throw DataError(text("label ", value, " is outside 0..", kLabelLimit - 1, "; labels count from 0"));
    }
    return static_cast<std::int64_t>(value);
}

std::int64_t class_from_multi_hot(std::span<const double> values) {
    std::int64_t label = -1;
    std::int64_t hot = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] == 0) continue;
        if (values[i] != 1) {
            throw DataError(text("the label's list holds ", values[i],
                                 "; a multi-hot list has 0 and 1 only, and several class ids are more than the single "
                                 "label that an image has"));
        }
        label = static_cast<std::int64_t>(i);
        ++hot;
    }
    if (hot == 1) return label;
    throw DataError(text("the multi-hot label has ", hot == 0 ? "no" : std::to_string(hot),
                         " classes set; expected one: images are classified by a single label each"));
}

std::int64_t class_from_numbers(std::span<const double> values, LabelFormat format) {
    if (values.size() == 1) return class_from_number(values.front());
    if (format == LabelFormat::multi_hot) return class_from_multi_hot(values);
    throw DataError(text("the label names ", values.size(),
                         " classes; expected one: images are classified by a single label each"));
}

void check_label_range(std::int64_t label, std::int64_t num_classes) {
    if (label >= 0 && (num_classes == 0 || label < num_classes)) return;
    throw DataError(num_classes == 0
                        ? text("label ", label, " is negative; labels count from 0")
                        : text("label ", label, " is outside 0..", num_classes - 1, "; check num_classes"));
}

}  // namespace tundish
