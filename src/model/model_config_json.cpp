#include "model_config_json.hpp"

#include <nlohmann/json.hpp>
#include <torch/version.h>

#include <algorithm>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/data/labels.hpp"
#include "tundish/data/sample_set.hpp"

#ifndef TUNDISH_VERSION
#define TUNDISH_VERSION "unknown"
#endif

namespace tundish {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kFormatVersion = 1;
constexpr double kUsualScale = 1.0 / 255.0;

class Reader {
  public:
    Reader(const json& object, std::string origin) : object_(object), origin_(std::move(origin)) {}

    template <typename Value>
    Value required(const char* key, const char* expected) const {
        if (!object_.contains(key)) fail(key, expected, "nothing");
        return decode<Value>(key, expected);
    }

    template <typename Value>
    Value optional(const char* key, const char* expected, Value fallback) const {
        return object_.contains(key) && !object_[key].is_null() ? decode<Value>(key, expected) : fallback;
    }

    /// One of two words; the first where there is none.
    std::string word(const char* key, const char* usual, const char* other) const {
        const std::string expected = text('"', usual, "\" or \"", other, '"');
        const auto found = optional<std::string>(key, expected.c_str(), usual);
        if (found != usual && found != other) fail(key, expected, json(found).dump());
        return found;
    }

    /// What looks like one of these and is none would be ignored, and the model's answers would be wrong.
    void check_names(const std::vector<std::string>& known) const {
        for (const auto& item : object_.items()) {
            if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
            const std::string nearest = nearest_word(item.key(), known);
            if (nearest.empty()) continue;  // somebody's own
            throw ArtifactError(text(origin_, ": unknown name '", item.key(), "'. Did you mean ", nearest, "?"));
        }
    }

    [[noreturn]] void fail(const char* key, const std::string& expected, const std::string& found) const {
        throw ArtifactError(text(origin_, ": '", key, "' must be ", expected, "; found ", found));
    }

  private:
    template <typename Value>
    Value decode(const char* key, const char* expected) const {
        try {
            return object_[key].get<Value>();
        } catch (const json::exception&) {
            fail(key, expected, object_[key].dump());
        }
    }

    const json& object_;
    std::string origin_;
};

std::vector<std::string> class_names(const Reader& reader, const json& document) {
    const json& given = document.value("class_names", json());
    if (given.is_number_integer()) {
        if (given < 1 || given > kLabelLimit)
            reader.fail("class_names", text("a number of classes from 1 to ", kLabelLimit), given.dump());
        return numbers_as_names(given.get<std::int64_t>());
    }
    return reader.required<std::vector<std::string>>("class_names", "a list of names or the number of classes");
}

ImageShape input_shape(const Reader& reader) {
    constexpr const char* kKey = "input_shape";
    constexpr const char* kExpected = "[channels, height, width], whole numbers above 0";
    const auto found = reader.required<json>(kKey, kExpected);
    const auto whole = [](const json& length) { return length.is_number_integer() && length >= 1; };
    if (!found.is_array() || found.size() != 3 || !std::all_of(found.begin(), found.end(), whole))
        reader.fail(kKey, kExpected, found.dump());
    double numbers = 1;  // does not overflow
    for (const json& length : found) numbers *= length.get<double>();
    if (numbers > static_cast<double>(kMaxImagePixels))
        reader.fail(kKey, text("at most ", kMaxImagePixels, " numbers in all"), found.dump());
    return {found[0].get<int>(), found[1].get<int>(), found[2].get<int>()};
}

// (pixel * scale - mean) / std is (pixel / 255 - mean / f) / (std / f) with f = 255 * scale.
void apply_scale(double scale, Preprocess& preprocess) {
    const double factor = 255.0 * scale;  // 1 for the usual scale, to the last bit
    for (double& mean : preprocess.mean) mean /= factor;
    for (double& std : preprocess.std) std /= factor;
}

void read_resize(const Reader& reader, ModelConfig& config) {
    if (reader.word("resize", "stretch", "crop") == "stretch") return;
    const int least = std::max(config.input.height, config.input.width);
    const int side = reader.required<int>("resize_short_side", "the length to which the shorter side is scaled");
    if (side < least)
        reader.fail("resize_short_side", text("at least ", least, ", the input's longer side"), text(side));
    config.resize_short_side = side;
}

void read_preprocess(const json& document, const std::string& origin, ModelConfig& config) {
    const json given = document.value("preprocess", json());
    const json section = given.is_null() ? json::object() : given;
    if (!section.is_object()) Reader(document, origin).fail("preprocess", "an object", section.dump());
    const Reader reader(section, origin + ", preprocess");
    const auto channels = static_cast<std::size_t>(config.input.channels);
    const std::vector<double> zeros(channels, 0.0);
    const std::vector<double> ones(channels, 1.0);
    config.preprocess.mean = reader.optional("mean", "one number a channel", zeros);
    config.preprocess.std = reader.optional("std", "one number a channel", ones);
    config.normalises_itself = reader.word("by", "caller", "model") == "model";
    reader.check_names({"resize", "resize_short_side", "scale", "mean", "std", "by"});
    read_resize(reader, config);
    const auto scale = reader.optional("scale", "a number above 0", kUsualScale);
    if (config.preprocess.mean.size() != channels || config.preprocess.std.size() != channels) {
        reader.fail("mean", text(channels, " numbers, as many as the input has channels, like 'std'"),
                    text(config.preprocess.mean.size(), " and ", config.preprocess.std.size()));
    }
    for (const double value : config.preprocess.std) {
        if (!(value > 0.0)) reader.fail("std", "numbers above 0, which values are divided by", text(value));
    }
    if (!(scale > 0.0)) reader.fail("scale", "a number above 0, which pixels are multiplied by", text(scale));
    apply_scale(scale, config.preprocess);
}

ordered_json to_json(const ModelConfig& config) {
    ordered_json document;
    document["format_version"] = kFormatVersion;
    document["architecture"] = config.architecture;
    document["arguments"] = {{"classes", config.classes}};
    document["class_names"] = config.class_names;
    document["input_shape"] = {config.input.channels, config.input.height, config.input.width};
    ordered_json preprocess = {{"resize", config.resize_short_side ? "crop" : "stretch"}};
    if (config.resize_short_side) preprocess["resize_short_side"] = *config.resize_short_side;
    preprocess["scale"] = kUsualScale;
    preprocess["mean"] = config.preprocess.mean;
    preprocess["std"] = config.preprocess.std;
    preprocess["by"] = config.normalises_itself ? "model" : "caller";
    document["preprocess"] = preprocess;
    document["output"] = config.outputs_probabilities ? "probabilities" : "logits";
    document["precision"] = config.precision;
    document["metrics"] = config.metrics;
    document["versions"] = {{"tundish", TUNDISH_VERSION}, {"libtorch", TORCH_VERSION}};
    return document;
}

json parse_model_config(const std::string& document, const std::string& origin) {
    try {
        return json::parse(document);
    } catch (const json::exception& error) {
        throw ArtifactError(text(origin, " is not JSON: ", error.what()));
    }
}

}  // namespace

std::string to_json_text(const ModelConfig& config, const std::vector<FileSum>& files) {
    ordered_json document = to_json(config);
    for (const auto& file : files) document["files"][file.name] = {{"bytes", file.bytes}, {"crc32c", file.crc32c}};
    return document.dump(2) + "\n";
}

std::vector<FileSum> file_sums_from_json(const std::string& document, const std::string& origin) {
    const json parsed = parse_model_config(document, origin);
    std::vector<FileSum> sums;
    if (!parsed.contains("files")) return sums;
    for (const auto& [name, sum] : parsed["files"].items()) {
        const Reader reader(sum, text(origin, ", files, ", name));
        sums.push_back({name, reader.required<std::uint64_t>("bytes", "a number"),
                        reader.required<std::uint32_t>("crc32c", "a number")});
    }
    return sums;
}

ModelConfig model_config_from_json(const std::string& document, const std::string& origin) {
    const json parsed = parse_model_config(document, origin);
    if (!parsed.is_object()) throw ArtifactError(text(origin, ": expected a JSON object, found ", parsed.type_name()));
    const Reader reader(parsed, origin);
    reader.check_names({"format_version", "architecture", "arguments", "class_names", "input_shape", "preprocess",
                        "output", "precision", "metrics", "versions", "files"});
    const int version = reader.optional("format_version", "a whole number", kFormatVersion);
    if (version != kFormatVersion) reader.fail("format_version", text(kFormatVersion), text(version));
    ModelConfig config;
    config.architecture = reader.optional<std::string>("architecture", "a name", "");
    config.input = input_shape(reader);
    config.class_names = class_names(reader, parsed);
    config.classes = static_cast<std::int64_t>(config.class_names.size());
    config.outputs_probabilities = reader.word("output", "logits", "probabilities") == "probabilities";
    config.precision = reader.optional<std::string>("precision", "a name", "fp32");
    config.metrics = reader.optional("metrics", "an object of numbers", std::map<std::string, double>{});
    read_preprocess(parsed, origin, config);
    return config;
}

}  // namespace tundish
