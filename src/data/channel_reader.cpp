#include "tundish/data/channel_reader.hpp"

#include "sequential_file.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_files_reader.hpp"
#include "tundish/data/image_header.hpp"

#include <algorithm>
#include <array>

namespace tundish {
namespace {

bool has_list(const ChannelFiles& files) {
    return std::any_of(files.files.begin(), files.files.end(),
                       [](const auto& file) { return lower(file).ends_with(".lst"); });
}

const std::string* first_file(const ChannelFiles& files, bool (*matches)(std::string_view)) {
    const auto found = std::find_if(files.files.begin(), files.files.end(), matches);
    return found == files.files.end() ? nullptr : &*found;
}

bool is_binary(std::string_view file) {
    return file.ends_with(".bin");
}

// "image/png; charset=x" → "image/png".
std::string media_type(const std::string& content_type) {
    return lower(trim(content_type.substr(0, content_type.find(';'))));
}

std::string first_bytes(const ChannelFiles& files) {
    Bytes head(32);
    SequentialFile file(files.path_of(files.files.front()), text(name_of(files.channel), ", ", files.files.front()));
    head.resize(file.read(head.data(), head.size()));
    return describe_bytes(head);
}

[[noreturn]] void cannot_tell(const ChannelFiles& files) {
    throw DataError(text(name_of(files.channel),
                         ": cannot tell the data format. Expected CIFAR's .bin files, one folder of JPEG, PNG, "
                         "BMP or WebP images per class, or images and a .lst file; found ",
                         some_of(files.files), " (", files.files.front(), ": ", first_bytes(files), ")",
                         files.channel.content_type.empty() ? "" : ", content type ", files.channel.content_type,
                         ". Set data_format, or unpack archives before uploading them."));
}

void decide_by_files(OpenedChannel& opened) {
    const auto& files = opened.files;
    const std::string* binary = first_file(files, is_binary);
    const std::string* image = first_file(files, has_image_name);
    if (image != nullptr && has_list(files)) {
        opened.format = DataFormat::lst;
        opened.reason = text("images and a .lst file, such as ", *image);
    } else if (binary != nullptr && image == nullptr) {
        opened.format = looks_like_cifar100(files) ? DataFormat::cifar100 : DataFormat::cifar10;
        opened.reason = text("found ", *binary);
    } else if (image != nullptr) {
        opened.format = DataFormat::image_folder;
        opened.reason = text("found images, such as ", *image);
    } else {
        cannot_tell(files);
    }
}

void decide(OpenedChannel& opened, bool with_lst_channel, DataFormat wanted) {
    const std::string type = media_type(opened.files.channel.content_type);
    if (wanted != DataFormat::automatic) {
        opened.format = wanted;
        opened.reason = "data_format says so";
    } else if (with_lst_channel) {
        opened.format = DataFormat::lst;
        opened.reason = text("there is a ", opened.lists.channel.name, " channel");
    } else if (type == "application/x-image" || type.starts_with("image/")) {
        opened.format = has_list(opened.files) ? DataFormat::lst : DataFormat::image_folder;
        opened.reason = text("content type ", type);
    } else {
        decide_by_files(opened);
    }
}

}  // namespace

OpenedChannel open_channel(const ChannelSpec& channel, const ChannelSpec* lst, DataFormat wanted) {
    OpenedChannel opened;
    opened.files = list_channel(channel);
    if (opened.files.files.empty()) {
        throw DataError(text(name_of(channel), ": expected data files in ", channel.path.string(),
                             ", found none. Check the channel's S3 prefix."));
    }
    opened.lists = lst != nullptr ? list_channel(*lst) : opened.files;
    decide(opened, lst != nullptr, wanted);
    return opened;
}

std::unique_ptr<RecordReader> make_record_reader(const OpenedChannel& opened, CifarPart part,
                                                 std::int64_t num_classes) {
    switch (opened.format) {
        case DataFormat::image_folder:
            return std::make_unique<ImageFilesReader>(opened.files.channel,
                                                      list_image_folders(opened.files, num_classes));
        case DataFormat::lst:
            return std::make_unique<ImageFilesReader>(opened.files.channel,
                                                      read_lst(opened.files, opened.lists, num_classes));
        case DataFormat::automatic:
        case DataFormat::cifar10:
        case DataFormat::cifar100:
            break;
    }
    return std::make_unique<CifarReader>(opened.files, opened.format, part, num_classes);
}

bool has_test_file(const OpenedChannel& opened) {
    const bool cifar = opened.format == DataFormat::cifar10 || opened.format == DataFormat::cifar100;
    return cifar && !find_cifar_files(opened.files).test.empty();
}

}  // namespace tundish
