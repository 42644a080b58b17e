#include "model_config_json.hpp"

#include <nlohmann/json.hpp>
#include <torch/version.h>

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#ifndef TUNDISH_VERSION
#define TUNDISH_VERSION "unknown"
#endif

namespace tundish {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kFormatVersion = 1;

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
    if (document.contains("class_names") && document["class_names"].is_number_integer()) {
        std::vector<std::string> names;
        for (int i = 0; i < document["class_names"].get<int>(); ++i) names.push_back(std::to_string(i));
        return names;
    }
    return reader.required<std::vector<std::string>>("class_names", "a list of names or the number of classes");
}

void read_preprocess(const json& document, const std::string& origin, ModelConfig& config) {
    const json section = document.value("preprocess", json::object());
    const Reader reader(section, origin + ", preprocess");
    const auto channels = static_cast<std::size_t>(config.input.channels);
    const std::vector<double> zeros(channels, 0.0);
    const std::vector<double> ones(channels, 1.0);
    config.preprocess.mean = reader.optional("mean", "one number a channel", zeros);
    config.preprocess.std = reader.optional("std", "one number a channel", ones);
    config.normalises_itself = reader.optional<std::string>("by", "\"model\" or \"caller\"", "caller") == "model";
    if (config.preprocess.mean.size() != channels || config.preprocess.std.size() != channels) {
        reader.fail("mean", text(channels, " numbers, as many as the input has channels, like 'std'"),
                    text(config.preprocess.mean.size(), " and ", config.preprocess.std.size()));
    }
}

ordered_json to_json(const ModelConfig& config) {
    ordered_json document;
    document["format_version"] = kFormatVersion;
    document["architecture"] = config.architecture;
    document["arguments"] = {{"classes", config.classes}};
    document["class_names"] = config.class_names;
    document["input_shape"] = {config.input.channels, config.input.height, config.input.width};
    document["preprocess"] = {{"resize", "stretch"},
                              {"scale", 1.0 / 255.0},
                              {"mean", config.preprocess.mean},
                              {"std", config.preprocess.std},
                              {"by", config.normalises_itself ? "model" : "caller"}};
    document["output"] = config.outputs_probabilities ? "probabilities" : "logits";
    document["precision"] = config.precision;
    document["metrics"] = config.metrics;
    document["versions"] = {{"tundish", TUNDISH_VERSION}, {"libtorch", TORCH_VERSION}};
    return document;
}

json parse_model_config(const std::string& document, const std::string& origin) {
    try {
        return json::parse(document);
    } catch (const json::parse_error& error) {
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
    const int version = reader.optional("format_version", "a whole number", kFormatVersion);
    if (version != kFormatVersion) reader.fail("format_version", text(kFormatVersion), text(version));
    ModelConfig config;
    config.architecture = reader.optional<std::string>("architecture", "a name", "");
    const auto shape = reader.required<std::vector<int>>("input_shape", "[channels, height, width]");
    if (shape.size() != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] < 1) {
        reader.fail("input_shape", "[channels, height, width] above 0", parsed["input_shape"].dump());
    }
    config.input = {shape[0], shape[1], shape[2]};
    config.class_names = class_names(reader, parsed);
    config.classes = static_cast<std::int64_t>(config.class_names.size());
    config.outputs_probabilities =
        reader.optional<std::string>("output", "\"logits\" or \"probabilities\"", "logits") == "probabilities";
    config.precision = reader.optional<std::string>("precision", "a name", "fp32");
    config.metrics = reader.optional("metrics", "an object of numbers", std::map<std::string, double>{});
    read_preprocess(parsed, origin, config);
    return config;
}

}  // namespace tundish
