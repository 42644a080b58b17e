#include "tundish/data/tf_image.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"

#include <array>
#include <span>
#include <string_view>

namespace tundish {
namespace {

using std::string_view;

constexpr std::array<string_view, 7> kImageNames{"image",     "image/encoded", "image_raw", "image_bytes",
                                                 "image/raw", "encoded",       "img"};
constexpr std::array<string_view, 7> kLabelNames{"label", "image/class/label", "labels", "image/label",
                                                 "class", "class_id",          "target"};
constexpr std::array<string_view, 3> kHeightNames{"height", "image/height", "rows"};
constexpr std::array<string_view, 3> kWidthNames{"width", "image/width", "cols"};
constexpr std::array<string_view, 4> kDepthNames{"depth", "channels", "image/channels", "image/depth"};
constexpr std::array<ImageShape, 2> kUsualShapes{{{3, 32, 32}, {1, 28, 28}}};  // CIFAR, MNIST
constexpr std::int64_t kLongestSide = 65'535;

const TfFeature* find_any(const TfExample& example, std::span<const string_view> names) {
    for (const auto name : names) {
        if (const auto* feature = example.find(name)) return feature;
    }
    return nullptr;
}

const TfFeature& choose(const TfExample& example, const std::string& wanted, std::span<const string_view> usual,
                        string_view what) {
    const auto* found = wanted.empty() ? find_any(example, usual) : example.find(wanted);
    if (found != nullptr) return *found;
    std::string expected = text("the feature '", wanted, "'");
    if (wanted.empty()) expected = text("one of ", join({usual.begin(), usual.end()}, ", "));
    throw MissingFeature(text("no feature for the ", what, ": expected ", expected, ", found ", example.describe(),
                              ". Set ", what, "_feature to the name that counts"));
}

// A side or a channel count that a feature tells; nothing when there is no such feature.
std::optional<int> number_in(const TfExample& example, std::span<const string_view> names) {
    const auto* feature = find_any(example, names);
    if (feature == nullptr) return std::nullopt;
    const auto values = numbers_of(*feature);
    if (values.size() != 1 || !(values.front() >= 1 && values.front() <= static_cast<double>(kLongestSide))) {
        throw DataError(text("feature '", feature->name, "' is no size of an image"));
    }
    return static_cast<int>(values.front());
}

std::optional<ImageShape> told_shape(const TfExample& example, std::size_t bytes) {
    const auto height = number_in(example, kHeightNames);
    const auto width = number_in(example, kWidthNames);
    if (!height || !width) return std::nullopt;
    const auto plane = static_cast<std::size_t>(*height) * static_cast<std::size_t>(*width);
    const int grey_or_colour = bytes == plane ? 1 : 3;
    return ImageShape{number_in(example, kDepthNames).value_or(grey_or_colour), *height, *width};
}

void check_size(const ImageShape& shape, std::size_t bytes) {
    if (shape.channels != 1 && shape.channels != 3) {
        throw DataError(text("the image has ", shape.channels, " channels; expected 1 (grey) or 3 (colour)"));
    }
    if (shape.pixels() == bytes) return;
    throw DataError(text("the features tell of raw pixels of ", shape.height, " x ", shape.width, " x ", shape.channels,
                         " (", shape.pixels(), " bytes), and the image feature holds ", bytes, " bytes"));
}

ImageShape shape_of(const TfExample& example, const TfFeature& feature, ByteSpan raw,
                    const std::optional<ImageShape>& given) {
    if (const auto told = told_shape(example, raw.size())) {
        check_size(*told, raw.size());
        return *told;
    }
    if (const auto usual = usual_raw_shape(raw.size(), given)) return *usual;
    throw DataError(text("feature '", feature.name, "' is neither an encoded image nor raw pixels of a known size: ",
                         describe_bytes(raw), ", ", raw.size(), " bytes in all. ",
                         given ? text("Raw pixels of ", to_text(*given), " have ", given->pixels(), " bytes")
                               : std::string("For raw pixels give image_shape, or the features height, width, depth")));
}

std::int64_t label_of(const TfFeature& feature, LabelFormat format) {
    if (feature.kind == TfFeature::Kind::bytes) return parse_label(bytes_of(feature), format);
    if (feature.count == 0) throw DataError(text("feature '", feature.name, "' is empty; expected a label"));
    return class_from_numbers(numbers_of(feature), format);
}

}  // namespace

std::optional<ImageShape> usual_raw_shape(std::size_t bytes, const std::optional<ImageShape>& given) {
    if (given && given->pixels() == bytes) return given;
    for (const auto& usual : kUsualShapes) {
        if (usual.pixels() == bytes) return usual;
    }
    return std::nullopt;
}

TfImage read_tf_image(const TfExample& example, const TfImageOptions& options) {
    const auto& image = choose(example, options.image_feature, kImageNames, "image");
    const auto& label = choose(example, options.label_feature, kLabelNames, "label");
    TfImage out{bytes_of(image), std::nullopt, label_of(label, options.label_format)};
    if (!image_format(out.image)) out.raw_shape = shape_of(example, image, out.image, options.raw_shape);
    return out;
}

}  // namespace tundish
