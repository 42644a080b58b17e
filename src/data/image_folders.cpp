#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_files_reader.hpp"

#include <algorithm>
#include <map>

namespace tundish {
namespace {

using ImagesOfClass = std::map<std::string, std::vector<std::string>>;  // bytewise order, as the labels must have

constexpr const char* kLayout = "Expected one folder per class: cat/1.jpg, dog/2.jpg. ";

void check_nothing_outside(const ChannelFiles& files, const std::vector<std::string>& outside) {
    if (outside.empty()) return;
    throw DataError(text(name_of(files.channel), ": found ", outside.size(),
                         " image(s) outside of a class folder: ", some_of(outside), ". ", kLayout,
                         "Move each image into its class's folder, or add a .lst file with their labels."));
}

void check_each_has_images(const ChannelFiles& files, const ImagesOfClass& classes) {
    for (const auto& [name, images] : classes) {
        if (!images.empty()) continue;
        throw DataError(text(name_of(files.channel), ": class folder '", name,
                             "' holds no JPEG, PNG, BMP or WebP image. ", kLayout,
                             "Add images to it, or remove the folder."));
    }
    if (classes.empty())
        throw NoRecords(text(name_of(files.channel), ": found no class folders with images in ",
                             files.channel.path.string(), ". ", kLayout));
}

// train/train/cat/1.jpg: one folder too many would make a single class of everything.
void check_not_one_too_deep(const ChannelFiles& files, const ImagesOfClass& classes) {
    const auto& [name, images] = *classes.begin();
    const auto nested = [&, prefix = name.size()](const std::string& file) {
        return folder_part(file).size() > prefix;
    };
    if (classes.size() > 1 || !std::all_of(images.begin(), images.end(), nested)) return;
    throw DataError(text(name_of(files.channel), ": found the single class folder '", name,
                         "', with its images in folders below it (", images.front(), "). ", kLayout,
                         files.channel.name.empty() ? "Give " : "Point the channel's S3 prefix at ", name,
                         "/ itself."));
}

// Of a sharded channel a host may hold a part of the classes.
void check_count(const ChannelFiles& files, const ImagesOfClass& classes, std::int64_t num_classes) {
    const auto found = static_cast<std::int64_t>(classes.size());
    const bool part = files.channel.distribution == Distribution::sharded_by_s3_key && found < num_classes;
    if (num_classes == 0 || num_classes == found || part) return;
    std::vector<std::string> names;
    for (const auto& [name, unused] : classes) names.push_back(name);
    throw DataError(text(name_of(files.channel), ": expected ", num_classes, " class folders (num_classes), found ",
                         found, ": ", some_of(names, 12), ". Correct num_classes or the folders."));
}

}  // namespace

ImageFileList list_image_folders(const ChannelFiles& files, std::int64_t num_classes) {
    ImagesOfClass classes;
    std::vector<std::string> outside;
    std::vector<std::string> others;
    for (const auto& folder : files.folders) {
        if (folder.find('/') == std::string::npos) classes[folder];
    }
    for (const auto& file : files.files) {
        const auto slash = file.find('/');
        if (!has_image_name(file)) {
            others.push_back(file);
        } else if (slash == std::string::npos) {
            outside.push_back(file);
        } else {
            classes[file.substr(0, slash)].push_back(file);
        }
    }
    log_ignored(files.channel, "not JPEG, PNG, BMP or WebP by their names", others);
    check_nothing_outside(files, outside);
    check_each_has_images(files, classes);
    check_not_one_too_deep(files, classes);
    check_count(files, classes, num_classes);

    ImageFileList list;
    for (auto& [name, images] : classes) {
        for (auto& image : images) list.images.push_back({std::move(image), list.classes, 0});
        list.class_names.push_back(name);
        ++list.classes;
    }
    return list;
}

}  // namespace tundish
