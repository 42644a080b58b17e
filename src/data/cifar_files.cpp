// Which of a channel's files are CIFAR's, and of which kind.

#include "sequential_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/cifar_reader.hpp"
#include "tundish/data/files_source.hpp"
#include "tundish/data/format_guess.hpp"
#include "tundish/data/inflate.hpp"
#include "tundish/data/peeked_source.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <sstream>

namespace tundish {
namespace {

bool is_test_file(std::string_view file) {
    const auto name = without_gz(name_part(file));
    return name == "test_batch.bin" || name == "test.bin";
}

bool is_names_file(std::string_view file) {
    const auto name = name_part(file);
    return name == cifar_names_file(DataFormat::cifar10) || name == cifar_names_file(DataFormat::cifar100) ||
           name == "coarse_label_names.txt";
}

bool is_there_plain(const ChannelFiles& files, const std::string& file) {
    return file.ends_with(".gz") &&
           std::binary_search(files.files.begin(), files.files.end(), std::string(without_gz(file)));
}

bool is_compressed(const ChannelFiles& files, const std::string& file) {
    SequentialFile in(files.path_of(file), text(name_of(files.channel), ", ", file));
    std::array<std::uint8_t, 2> head{};
    return begins_with_gzip({head.data(), in.read(head.data(), head.size())});
}

// By its first records, as the size of compressed data tells nothing.
bool holds_cifar100(const ChannelFiles& files, const std::string& file) {
    const PeekedSource source(
        inflate_on_sight(std::make_unique<FilesSource>(files.channel, std::vector<std::string>{file})), kGuessBytes);
    const auto guess = guess_format(source.head());
    return guess && guess->format == DataFormat::cifar100;
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
    std::istringstream in(read_file(path));
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        if (const auto name = trim(line); !name.empty()) lines.emplace_back(name);
    }
    return lines;
}

}  // namespace

bool has_cifar_name(std::string_view file) {
    return without_gz(file).ends_with(".bin");
}

CifarFiles find_cifar_files(const ChannelFiles& files) {
    std::map<std::string, CifarFiles> by_folder;
    for (const auto& file : files.files) {
        if (!has_cifar_name(file) || is_there_plain(files, file)) continue;
        auto& found = by_folder[std::string(folder_part(file))];
        (is_test_file(file) ? found.test : found.train).push_back(file);
    }
    if (by_folder.empty()) {
        throw NoRecords(text(name_of(files.channel),
                             ": expected CIFAR's binary files (data_batch_*.bin, train.bin) in ",
                             files.channel.path.string(), " or a folder in it, found ",
                             files.files.empty() ? "no files" : some_of(files.files),
                             ". Unpack the official binary version's archive before uploading it."));
    }
    if (by_folder.size() > 1) {
        std::vector<std::string> folders;
        folders.reserve(by_folder.size());
        for (const auto& [folder, unused] : by_folder)
            folders.push_back(folder.empty() ? "the top folder" : folder + '/');
        throw DataError(text(
            name_of(files.channel), ": expected CIFAR's .bin files in one folder, found them in ", folders.size(), ": ",
            some_of(folders),
            files.channel.name.empty() ? ". Give one of them." : ". Point the channel's S3 prefix at one of them."));
    }
    return by_folder.begin()->second;
}

bool looks_like_cifar100(const ChannelFiles& files) {
    bool fits_10 = true;
    bool fits_100 = true;
    for (const auto& file : files.files) {
        const auto name = name_part(file);
        if (name == "fine_label_names.txt") return true;
        if (name.starts_with("data_batch_") || name.starts_with("test_batch.bin")) return false;
        if (!has_cifar_name(name)) continue;
        if (is_compressed(files, file)) return holds_cifar100(files, file);
        std::error_code error;
        const auto size = std::filesystem::file_size(files.path_of(file), error);
        fits_10 = fits_10 && !error && size % 3073 == 0;
        fits_100 = fits_100 && !error && size % 3074 == 0;
    }
    return fits_100 && !fits_10;
}

std::vector<std::string> choose_cifar_files(const ChannelFiles& files, DataPart part) {
    const CifarFiles found = find_cifar_files(files);
    auto names = pick_part(found.train, found.test, part);
    if (!names.empty()) return names;
    throw NoRecords(text(name_of(files.channel), ": expected CIFAR's files to ",
                         part == DataPart::train ? "train on" : "read", ", found none: only ",
                         some_of(found.train.empty() ? found.test : found.train), '.'));
}

bool any_compressed(const ChannelFiles& files, const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return is_compressed(files, name); });
}

std::int64_t cifar_classes(DataFormat format) {
    return format == DataFormat::cifar100 ? 100 : 10;
}

std::string cifar_names_file(DataFormat format) {
    return format == DataFormat::cifar100 ? "fine_label_names.txt" : "batches.meta.txt";
}

std::vector<std::string> cifar_class_names(const ChannelFiles& files, std::string_view folder, DataFormat format,
                                           std::int64_t classes) {
    const std::string wanted = cifar_names_file(format);
    const std::string beside = folder.empty() ? wanted : text(folder, '/', wanted);
    for (const auto& file : {beside, wanted}) {
        if (!std::binary_search(files.files.begin(), files.files.end(), file)) continue;
        auto names = read_lines(files.path_of(file));
        const auto count = static_cast<std::int64_t>(names.size());
        if (classes > 0 ? count == classes : count >= 2 && count <= cifar_classes(format)) return names;
        log_warning(text(name_of(files.channel), ": ", file, " names ", count, " classes, not ",
                         classes > 0 ? text(classes) : text("2 to ", cifar_classes(format)),
                         "; classes are called by their numbers"));
        break;
    }
    return {};
}

void log_other_than_cifar(const ChannelFiles& files) {
    std::vector<std::string> others;
    for (const auto& file : files.files) {
        if (!has_cifar_name(file) && !is_names_file(file)) others.push_back(file);
    }
    log_ignored(files.channel, "not CIFAR records", others);
}

}  // namespace tundish
