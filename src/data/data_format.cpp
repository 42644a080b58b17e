#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/record_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tundish {
namespace {

constexpr std::array<std::pair<DataFormat, const char*>, 9> kNames{
    {{DataFormat::automatic, "auto"},
     {DataFormat::cifar10, "cifar10"},
     {DataFormat::cifar100, "cifar100"},
     {DataFormat::image_folder, "image_folder"},
     {DataFormat::lst, "lst"},
     {DataFormat::recordio, "recordio"},
     {DataFormat::tfrecord, "tfrecord"},
     {DataFormat::augmented_manifest, "augmented_manifest"},
     {DataFormat::idx, "idx"}}};

// "CIFAR-10", "image-folder" and "image_folder" are meant as well.
std::string plain(const std::string& name) {
    std::string out = lower(trim(name));
    out.erase(std::remove_if(out.begin(), out.end(), [](char c) { return c == '-' || c == '_'; }), out.end());
    return out;
}

}  // namespace

bool is_stream_format(DataFormat format) {
    switch (format) {
        case DataFormat::cifar10:
        case DataFormat::cifar100:
        case DataFormat::recordio:
        case DataFormat::tfrecord:
        case DataFormat::augmented_manifest:
            return true;
        case DataFormat::automatic:
        case DataFormat::image_folder:
        case DataFormat::lst:
        case DataFormat::idx:
            return false;
    }
    return false;
}

std::string to_text(DataFormat format) {
    for (const auto& [value, name] : kNames) {
        if (value == format) return name;
    }
    return "unknown";
}

DataFormat data_format_from_text(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [value, known] : kNames) {
        if (plain(name) == plain(known)) return value;
        names.emplace_back(known);
    }
    const auto nearest = nearest_word(lower(name), names);
    throw ConfigError(text("data_format: expected one of ", join(names, ", "), ", found '", name, "'.",
                           nearest.empty() ? "" : " Did you mean " + nearest + "?"));
}

}  // namespace tundish
