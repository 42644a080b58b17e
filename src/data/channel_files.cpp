#include "tundish/data/channel_files.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace tundish {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 32;  // links may form a circle

// What platforms and tools leave beside data: never data itself.
bool is_clutter(const std::string& name) {
    return name.front() == '.' || name == "_SUCCESS" || name == "__MACOSX" ||
           std::string_view(name).ends_with("-manifest");
}

[[noreturn]] void cannot_list(const ChannelSpec& channel, const fs::path& path, const std::error_code& reason) {
    throw DataError(text(name_of(channel), ": cannot read ", path.string(), ": ", system_reason(reason.value()),
                         ". Expected a readable folder with files. ", check_prefix(channel),
                         " When running locally, check the permissions too."));
}

void check_folder(const ChannelSpec& channel) {
    if (channel.mode == InputMode::pipe) {
        throw DataError(
            text(name_of(channel), ": Pipe mode is not read as a folder. Use input mode File or FastFile."));
    }
    std::error_code error;
    const auto status = fs::status(channel.path, error);
    if (fs::is_symlink(channel.path, error) && !fs::exists(status)) {
        throw DataError(text(name_of(channel), ": cannot read ", channel.path.string(), ": ",
                             reason_and_remedy(ENOENT, channel.path)));
    }
    if (!fs::exists(status)) {
        throw NoRecords(text(name_of(channel), ": there is no folder ", channel.path.string(),
                             ". Expected the channel's files there; check the job's input data configuration.",
                             pipe_hint(channel)));
    }
    if (!fs::is_directory(status)) {
        throw DataError(
            text(name_of(channel), ": ", channel.path.string(), " is not a folder. Expected a folder with files."));
    }
}

void walk(const fs::path& folder, const std::string& prefix, int depth, ChannelFiles& found,
          std::vector<std::string>& clutter) {
    std::error_code error;
    if (depth > kDeepest)
        cannot_list(found.channel, folder, std::make_error_code(std::errc::too_many_symbolic_link_levels));
    const auto entries = folder_entries(folder, error);
    if (error) cannot_list(found.channel, folder, error);
    for (const auto& entry : entries) {
        const std::string name = entry.path().filename().string();
        if (is_clutter(name)) {
            clutter.push_back(prefix + name);
        } else if (std::error_code ignored; entry.is_directory(ignored)) {
            found.folders.push_back(prefix + name);
            walk(entry.path(), prefix + name + '/', depth + 1, found, clutter);
        } else {
            found.files.push_back(prefix + name);
        }
    }
}

}  // namespace

std::string name_of(const ChannelSpec& channel) {
    return channel.name.empty() ? channel.path.string() : text("channel '", channel.name, "'");
}

std::string check_prefix(const ChannelSpec& channel) {
    return channel.name.empty() ? "Check the path." : "Check the channel's S3 prefix.";
}

std::string pipe_hint(const ChannelSpec& channel) {
    const std::string fifo = channel.path.string() + "_0";
    std::error_code ignored;
    if (channel.name.empty() || !fs::is_fifo(fifo, ignored)) return {};
    return text(" There is a FIFO ", fifo,
                ", as a channel in Pipe mode has: if that is meant, set its TrainingInputMode to Pipe.");
}

ChannelFiles list_channel(const ChannelSpec& channel) {
    check_folder(channel);
    ChannelFiles found{channel, {}, {}};
    std::vector<std::string> clutter;
    walk(channel.path, "", 0, found, clutter);
    for (auto* list : {&found.files, &found.folders, &clutter}) std::sort(list->begin(), list->end());
    log_ignored(channel, "hidden or left by tools", clutter);
    return found;
}

std::uint64_t size_of_files(const ChannelFiles& files) {
    std::uint64_t bytes = 0;
    for (const auto& file : files.files) {
        std::error_code error;
        const auto size = fs::file_size(files.path_of(file), error);
        if (!error) bytes += size;
    }
    return bytes;
}

void log_ignored(const ChannelSpec& channel, std::string_view what, const std::vector<std::string>& files) {
    if (files.empty()) return;
    log_info(text(name_of(channel), ": ignored ", files.size(),
                  files.size() == 1 ? " file that is " : " files that are ", what, ": ", some_of(files)));
}

std::string some_of(const std::vector<std::string>& items, std::size_t limit) {
    if (items.size() <= limit) return join(items, ", ");
    const std::vector<std::string> shown(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(limit));
    return text(join(shown, ", "), " and ", items.size() - limit, " more");
}

std::string_view folder_part(std::string_view file) {
    const auto slash = file.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : file.substr(0, slash);
}

std::string_view name_part(std::string_view file) {
    const auto slash = file.rfind('/');
    return slash == std::string_view::npos ? file : file.substr(slash + 1);
}

bool has_image_name(std::string_view file) {
    constexpr std::array<std::string_view, 6> kExtensions{".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp"};
    const std::string name = lower(name_part(file));
    return std::any_of(kExtensions.begin(), kExtensions.end(),
                       [&](std::string_view extension) { return std::string_view(name).ends_with(extension); });
}

}  // namespace tundish
