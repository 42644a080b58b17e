#include "tundish/app/commands.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/sagemaker/paths.hpp"

#include <algorithm>

namespace tundish {
namespace {

// "train=data/train" → the channel without a manifest.
FeedChannel channel_from_text(const std::string& argument) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos || equals + 1 == argument.size()) {
        throw ConfigError(text("feed: expected CHANNEL=PATH, found '", argument, "'."));
    }
    return {argument.substr(0, equals), argument.substr(equals + 1), {}};
}

FeedChannel* find_channel(std::vector<FeedChannel>& channels, const std::string& name) {
    const auto found =
        std::find_if(channels.begin(), channels.end(), [&](const auto& channel) { return channel.name == name; });
    return found == channels.end() ? nullptr : &*found;
}

// A file's name may hold '=' too: only what names a channel before it is taken for one.
void add_manifest(std::vector<FeedChannel>& channels, const std::string& argument) {
    const auto equals = argument.find('=');
    if (equals != std::string::npos) {
        if (auto* channel = find_channel(channels, argument.substr(0, equals))) {
            channel->manifest = argument.substr(equals + 1);
            return;
        }
    }
    if (channels.size() != 1) {
        throw ConfigError(text("--manifest ", argument, ": with several channels say which, --manifest CHANNEL=FILE"));
    }
    channels.front().manifest = argument;
}

}  // namespace

void feed_command(const std::filesystem::path& root, const FeedArguments& arguments) {
    FeedOptions options = arguments.options;
    options.data_folder = Paths(root).input_data();
    for (const auto& channel : arguments.channels) options.channels.push_back(channel_from_text(channel));
    for (const auto& manifest : arguments.manifests) add_manifest(options.channels, manifest);
    feed(options);
}

}  // namespace tundish
