#include "tundish/sagemaker/input_data_config.hpp"

#include "json_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace tundish {
namespace {

/// The names of each role, the preferred one first. `training` is what the SDK's fit("s3://…") makes of a
/// bare address.
constexpr std::initializer_list<const char*> kTrain{"train", "training"};
constexpr std::initializer_list<const char*> kValidation{"validation", "test", "eval"};
constexpr std::initializer_list<const char*> kModel{"model", "pretrained"};
constexpr std::initializer_list<const char*> kTrainLst{"train_lst"};
constexpr std::initializer_list<const char*> kValidationLst{"validation_lst"};

constexpr const char* kKnownChannels =
    "train (training), validation (test, eval), model (pretrained), train_lst, validation_lst";

/// The value of an enumeration whose name is at channel[key], in any case; `fallback` when absent.
template <typename Enum>
Enum choice_or(const JsonValue& channel, const char* key, Enum fallback, const std::string& file,
               const std::string& where, const std::vector<std::pair<std::string, Enum>>& names) {
    const std::string value = text_or(channel, key, "", file, where);
    if (value.empty()) return fallback;
    std::vector<std::string> known;
    for (const auto& [name, meaning] : names) {
        if (lower(name) == lower(value)) return meaning;
        known.push_back(name);
    }
    throw ConfigError(text(file, ": ", where, key, " should be one of ", join(known, ", "), ", found ", quoted(value)));
}

ChannelSpec channel_spec(const std::string& name, const JsonValue& channel, const Paths& paths) {
    const std::string file = paths.input_data_config().string();
    if (!channel.is(JsonValue::Kind::object)) wrong_type(file, name, "an object that describes the channel", channel);
    const std::string where = name + ".";
    ChannelSpec spec;
    spec.name = name;
    spec.path = paths.channel(name);
    spec.mode = choice_or<InputMode>(
        channel, "TrainingInputMode", InputMode::file, file, where,
        {{"File", InputMode::file}, {"FastFile", InputMode::fast_file}, {"Pipe", InputMode::pipe}});
    spec.distribution = choice_or<Distribution>(
        channel, "S3DistributionType", Distribution::fully_replicated, file, where,
        {{"FullyReplicated", Distribution::fully_replicated}, {"ShardedByS3Key", Distribution::sharded_by_s3_key}});
    spec.wrapper = choice_or<RecordWrapper>(channel, "RecordWrapperType", RecordWrapper::none, file, where,
                                            {{"None", RecordWrapper::none}, {"RecordIO", RecordWrapper::recordio}});
    spec.content_type = text_or(channel, "ContentType", "", file, where);
    return spec;
}

void check_channel_names(const std::vector<std::string>& names, const std::string& file) {
    for (const auto& name : names) {
        if (!is_plain_name(name)) throw ConfigError(text(file, ": ", quoted(name), " cannot be a channel's name"));
    }
}

/// Gives channels their roles and remembers which of them nobody asked for.
class Roles {
  public:
    Roles(const JsonValue& channels, const Paths& paths) : channels_(channels), paths_(paths) {}

    /// The first of `names` that the job has; the others are left alone, with a note.
    std::optional<ChannelSpec> take(std::initializer_list<const char*> names) {
        std::optional<ChannelSpec> taken;
        for (const char* name : names) {
            const JsonValue* channel = channels_.find(name);
            if (channel == nullptr) continue;
            used_.emplace_back(name);
            if (taken) {
                notes_.push_back(text("channel '", name, "' is left alone: '", taken->name, "' is used instead"));
            } else {
                taken = channel_spec(name, *channel, paths_);
            }
        }
        return taken;
    }

    std::vector<std::string> notes() {
        for (const auto& name : channels_.names) {
            if (std::find(used_.begin(), used_.end(), name) != used_.end()) continue;
            notes_.push_back(text("channel ", quoted(name), " is left alone; used are ", kKnownChannels));
        }
        return std::move(notes_);
    }

  private:
    const JsonValue& channels_;
    const Paths& paths_;
    std::vector<std::string> used_;
    std::vector<std::string> notes_;
};

/// The channels that have a role.
std::vector<const ChannelSpec*> used_channels(const InputDataConfig& config) {
    std::vector<const ChannelSpec*> used{&config.train};
    for (const auto* channel : {&config.validation, &config.model, &config.train_lst, &config.validation_lst}) {
        if (channel->has_value()) used.push_back(&channel->value());
    }
    return used;
}

/// True when `name` is what SageMaker calls a FIFO of the Pipe-mode channel `pipe`: "<pipe>_<k>", k = 0, 1,
/// 2, …
bool is_fifo_name(std::string_view name, std::string_view pipe) {
    if (name.size() < pipe.size() + 2 || !name.starts_with(pipe) || name[pipe.size()] != '_') return false;
    const std::string_view number = name.substr(pipe.size() + 1);
    return number.find_first_not_of("0123456789") == std::string_view::npos && (number.size() == 1 || number[0] != '0');
}

void check_fifo_names(const InputDataConfig& config, const std::vector<std::string>& names, const std::string& file) {
    for (const ChannelSpec* channel : used_channels(config)) {
        if (channel->mode != InputMode::pipe) continue;
        for (const auto& name : names) {
            if (!is_fifo_name(name, channel->name)) continue;
            throw ConfigError(text(file, ": channel ", quoted(name),
                                   " has the name of a FIFO of the Pipe-mode channel '", channel->name,
                                   "'. Give it another name."));
        }
    }
}

[[noreturn]] void no_train_channel(const std::vector<std::string>& names, const std::string& where) {
    throw ConfigError(text("the job has no 'train' channel; ",
                           names.empty() ? "it has no channels at all" : "its channels are: " + join(names, ", "), " (",
                           where, "). Give it an input channel named train."));
}

InputDataConfig assign_roles(const JsonValue& channels, const Paths& paths, const std::string& source) {
    const auto& names = channels.names;
    check_channel_names(names, source);
    InputDataConfig config;
    Roles roles(channels, paths);
    auto train = roles.take(kTrain);
    if (!train) no_train_channel(names, source);
    config.train = *std::move(train);
    config.validation = roles.take(kValidation);
    config.model = roles.take(kModel);
    config.train_lst = roles.take(kTrainLst);
    config.validation_lst = roles.take(kValidationLst);
    config.notes = roles.notes();
    check_fifo_names(config, names, source);
    return config;
}

/// The folders in input/data as if a configuration had declared them. Files are never channels: SageMaker
/// itself puts
/// "<channel>-manifest" there.
JsonValue declared_by_folders(const Paths& paths) {
    JsonValue channels{JsonValue::Kind::object, "", {}, {}};
    std::error_code error;
    const auto entries = folder_entries(paths.input_data(), error);
    if (error && error != std::errc::no_such_file_or_directory) {
        throw MachineError(text("cannot list ", paths.input_data().string(), ": ", system_reason(error.value())));
    }
    for (const auto& entry : entries) {
        std::error_code ignored;
        if (entry.is_directory(ignored)) channels.names.push_back(entry.path().filename().string());
    }
    std::sort(channels.names.begin(), channels.names.end());
    channels.items.resize(channels.names.size(), JsonValue{JsonValue::Kind::object, "", {}, {}});
    return channels;
}

}  // namespace

InputDataConfig parse_input_data_config(std::string_view json, const Paths& paths) {
    const std::string file = paths.input_data_config().string();
    return assign_roles(parse_object(json, file), paths, file);
}

InputDataConfig read_input_data_config(const Paths& paths) {
    const auto path = paths.input_data_config();
    if (const auto content = read_if_present(path)) return parse_input_data_config(*content, paths);

    InputDataConfig config =
        assign_roles(declared_by_folders(paths), paths,
                     text("there is no ", path.string(), ", only the folders in ", paths.input_data().string()));
    config.guessed = true;
    config.notes.insert(config.notes.begin(), text("there is no ", path.string(), ": the folders in ",
                                                   paths.input_data().string(), " are taken as File-mode channels"));
    return config;
}

}  // namespace tundish
