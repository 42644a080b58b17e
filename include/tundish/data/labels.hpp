#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tundish {

/// Bytes that are no label at all, where a DataError is about a label that cannot be used.
class NotALabel : public DataError {
  public:
    using DataError::DataError;
};

/// What a list of numbers means as a label: `multi_hot` has one 0 or 1 for each class, `class_id` names classes.
enum class LabelFormat { multi_hot, class_id };

/// The `label-format` parameter of a content type ("application/x-image; label-format=class-id"); multi_hot, as the
/// built-in algorithm has it, without one. Throws ConfigError for another value.
LabelFormat label_format_of(std::string_view content_type);

/// The class that an augmented manifest's label attribute names: `3`, `"3"`, `3.0`, a list of one class id, or a
/// multi-hot list with a single 1. `num_classes` 0: any class; else the label lies in 0..num_classes-1 and a
/// multi-hot list has that many values. Throws with the cause only: DataError for several classes, none, or one outside
/// the range; NotALabel for a JSON object (class metadata), an image, anything else. Any thread.
std::int64_t parse_label(ByteSpan bytes, LabelFormat format, std::int64_t num_classes = 0);

/// A class id that was stored as a floating-point number. Throws DataError unless it is a whole number from 0 on.
std::int64_t class_from_number(double value);

/// The place of the only 1 among zeros. Throws DataError for anything else: no class, several, other numbers.
std::int64_t class_from_multi_hot(std::span<const double> values);

/// One number is a class id, whatever the format; several are a multi-hot list, or more classes than a label may name.
/// Throws DataError.
std::int64_t class_from_numbers(std::span<const double> values, LabelFormat format);

/// Throws DataError when the label lies outside 0..num_classes-1; `num_classes` 0 allows every label from 0 on.
void check_label_range(std::int64_t label, std::int64_t num_classes);

/// Labels are below this: more classes than any set of images has, which keeps a stray number from being one.
inline constexpr std::int64_t kLabelLimit = 1'000'000;

}  // namespace tundish
