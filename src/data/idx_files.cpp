// Which of a channel's files are IDX files, and which belong together.

#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/idx_reader.hpp"
#include "tundish/data/inflate.hpp"

#include <map>

namespace tundish {
namespace {

bool is_images(std::string_view plain) {
    return plain.ends_with("idx3-ubyte");
}

// "train-images-idx3-ubyte" → "train-labels-idx1-ubyte", in the same folder.
std::string labels_of(std::string_view images) {
    std::string name(name_part(images));
    if (const auto at = name.rfind("images"); at != std::string::npos) name.replace(at, 6, "labels");
    name.replace(name.rfind("idx3"), 4, "idx1");
    return std::string(images.substr(0, images.size() - name_part(images).size())) + name;
}

bool is_test(std::string_view plain) {
    const auto name = name_part(plain);
    return name.starts_with("t10k") || name.find("test") != std::string_view::npos;
}

}  // namespace

bool has_idx_name(std::string_view file) {
    const auto plain = without_gz(file);
    return is_images(plain) || plain.ends_with("idx1-ubyte");
}

IdxFiles find_idx_files(const ChannelFiles& files) {
    std::map<std::string, std::string, std::less<>> by_name;  // without ".gz" → the file
    for (const auto& file : files.files) {
        if (has_idx_name(file)) by_name.emplace(without_gz(file), file);  // sorted: the plain one comes first
    }
    IdxFiles found;
    for (const auto& [plain, file] : by_name) {
        if (!is_images(plain)) continue;
        const auto labels = by_name.find(labels_of(plain));
        if (labels == by_name.end()) {
            throw DataError(text(name_of(files.channel), ", ", file, ": expected ", labels_of(plain),
                                 " (or with .gz) beside it with the labels, found none. Upload it too."));
        }
        (is_test(plain) ? found.test : found.train).push_back({file, labels->second});
    }
    if (found.train.empty() && found.test.empty()) {
        throw NoRecords(text(name_of(files.channel),
                             ": expected IDX files (train-images-idx3-ubyte and train-labels-idx1-ubyte, perhaps with "
                             ".gz), found ",
                             files.files.empty() ? "no files" : some_of(files.files), '.'));
    }
    return found;
}

}  // namespace tundish
