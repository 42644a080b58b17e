#include "feed_objects.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <system_error>

namespace tundish {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string name_of(const FeedChannel& channel) {
    return text("channel '", channel.name, "'");
}

[[noreturn]] void cannot_read(const FeedChannel& channel, const fs::path& path, const std::error_code& error) {
    throw DataError(text(name_of(channel), ": cannot read ", path.string(), ": ", system_reason(error.value())));
}

// Files below `folder`, relative to it, with '/'.
std::vector<std::string> files_below(const FeedChannel& channel, std::vector<std::string>& hidden) {
    std::vector<std::string> files;
    std::error_code error;
    fs::recursive_directory_iterator entries(channel.path, fs::directory_options::follow_directory_symlink, error);
    for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
        const auto relative = entries->path().lexically_relative(channel.path).generic_string();
        std::error_code ignored;
        if (name_part(relative).starts_with('.')) {
            hidden.push_back(relative);
            entries.disable_recursion_pending();
        } else if (!entries->is_directory(ignored)) {
            files.push_back(relative);
        }
    }
    if (error) cannot_read(channel, channel.path, error);
    std::sort(files.begin(), files.end());
    std::sort(hidden.begin(), hidden.end());
    return files;
}

// One line of a manifest, decoded attribute by attribute.
class ManifestLine {
  public:
    ManifestLine(const FeedChannel& channel, std::string_view line, std::int64_t number)
        : channel_(channel), number_(number), json_(ordered_json::parse(line, nullptr, /*allow_exceptions=*/false)) {
        if (!json_.is_object()) fail("expected a JSON object");
    }

    [[nodiscard]] FeedPart part(const std::string& attribute) const {
        const auto found = json_.find(attribute);
        if (found == json_.end()) fail(text("there is no attribute '", attribute, "', only ", attributes()));
        if (!attribute.ends_with("-ref")) return {{}, found->is_string() ? found->get<std::string>() : found->dump()};
        if (!found->is_string()) fail(text("'", attribute, "' is no path"));
        const auto file = path_of(found->get<std::string>());
        std::error_code error;
        if (!fs::is_regular_file(file, error)) {
            fail(text("'", attribute, "' names ", found->get<std::string>(), ", and there is no file ", file.string()));
        }
        return {file, {}};
    }

  private:
    // "s3://bucket/some/key" → <path>/some/key
    [[nodiscard]] fs::path path_of(const std::string& reference) const {
        constexpr std::string_view kScheme = "s3://";
        if (!reference.starts_with(kScheme)) return channel_.path / reference;
        const auto slash = reference.find('/', kScheme.size());
        return channel_.path / (slash == std::string::npos ? std::string() : reference.substr(slash + 1));
    }

    [[nodiscard]] std::string attributes() const {
        std::vector<std::string> names;
        for (const auto& item : json_.items()) names.push_back(item.key());
        return some_of(names, 10);
    }

    [[noreturn]] void fail(const std::string& cause) const {
        throw DataError(
            text(name_of(channel_), ", ", channel_.manifest.string(), ", line ", number_, ": ", cause, '.'));
    }

    const FeedChannel& channel_;
    std::int64_t number_;
    ordered_json json_;
};

}  // namespace

std::vector<FeedUnit> list_objects(const FeedChannel& channel) {
    std::error_code error;
    if (!fs::is_directory(channel.path, error)) return {{FeedPart{channel.path, {}}}};
    std::vector<std::string> hidden;
    std::vector<FeedUnit> objects;
    for (const auto& file : files_below(channel, hidden)) objects.push_back({FeedPart{channel.path / file, {}}});
    if (!hidden.empty()) {
        log_info(text(name_of(channel), ": left out ", hidden.size(), " hidden files or folders: ", some_of(hidden)));
    }
    if (objects.empty()) log_warning(text(name_of(channel), ": no files in ", channel.path.string(), ", empty passes"));
    return objects;
}

std::vector<FeedUnit> read_manifest(const FeedChannel& channel, const std::vector<std::string>& attributes) {
    std::vector<FeedUnit> units;
    std::istringstream lines(read_file(channel.manifest));
    std::int64_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (trim(line).empty()) continue;
        const ManifestLine decoded(channel, line, number);
        FeedUnit unit;
        for (const auto& attribute : attributes) unit.push_back(decoded.part(attribute));
        units.push_back(std::move(unit));
    }
    if (units.empty()) throw DataError(text(name_of(channel), ": ", channel.manifest.string(), " holds no lines"));
    return units;
}

}  // namespace tundish
