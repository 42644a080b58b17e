// Which of a channel's files are CIFAR's, and of which kind.

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/cifar_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

namespace tundish {
namespace {

bool is_test_file(std::string_view file) {
    const auto name = name_part(file);
    return name == "test_batch.bin" || name == "test.bin";
}

}  // namespace

CifarFiles find_cifar_files(const ChannelFiles& files) {
    std::map<std::string, CifarFiles> by_folder;
    for (const auto& file : files.files) {
        if (!file.ends_with(".bin")) continue;
        auto& found = by_folder[std::string(folder_part(file))];
        (is_test_file(file) ? found.test : found.train).push_back(file);
    }
    if (by_folder.empty()) {
        throw DataError(text(name_of(files.channel),
                             ": expected CIFAR's binary files (data_batch_*.bin, train.bin) in ",
                             files.channel.path.string(), " or a folder in it, found ",
                             files.files.empty() ? "no files" : some_of(files.files),
                             ". Unpack the official binary version's archive before uploading it."));
    }
    if (by_folder.size() > 1) {
        std::vector<std::string> folders;
        for (const auto& [folder, unused] : by_folder)
            folders.push_back(folder.empty() ? "the top folder" : folder + '/');
        throw DataError(text(name_of(files.channel), ": expected CIFAR's .bin files in one folder, found them in ",
                             folders.size(), ": ", some_of(folders),
                             ". Point the channel's S3 prefix at one of them."));
    }
    return by_folder.begin()->second;
}

bool looks_like_cifar100(const ChannelFiles& files) {
    bool fits_10 = true;
    bool fits_100 = true;
    for (const auto& file : files.files) {
        const auto name = name_part(file);
        if (name == "fine_label_names.txt") return true;
        if (name.starts_with("data_batch_") || name == "test_batch.bin") return false;
        if (!name.ends_with(".bin")) continue;
        std::error_code error;
        const auto size = std::filesystem::file_size(files.path_of(file), error);
        fits_10 = fits_10 && !error && size % 3073 == 0;
        fits_100 = fits_100 && !error && size % 3074 == 0;
    }
    return fits_100 && !fits_10;
}

}  // namespace tundish
