#include "tundish/base/error.hpp"
#include "tundish/base/files.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_files_reader.hpp"
#include "tundish/data/labels.hpp"

#include <algorithm>
#include <cmath>

namespace tundish {
namespace {

using std::string_view;

constexpr string_view kSpace = " \t\r\v\f";

// The three fields of a line; the path takes the rest.
struct Fields {
    string_view index;
    string_view label;
    string_view path;
};

string_view take_until(string_view& rest, string_view separators) {
    const auto end = std::min(rest.find_first_of(separators), rest.size());
    const auto field = rest.substr(0, end);
    rest = trim(rest.substr(end));
    return trim(field);
}

Fields split(string_view line) {
    // Two tabs settle it; otherwise any white space ends the first two fields.
    const string_view separators = std::count(line.begin(), line.end(), '\t') >= 2 ? string_view("\t") : kSpace;
    Fields fields;
    fields.index = take_until(line, separators);
    fields.label = take_until(line, separators);
    fields.path = line;
    return fields;
}

// Without what would break a log line, and not longer than one.
std::string in_quotes(string_view value) {
    std::string shown(utf8_prefix(value, 120));
    std::replace_if(
        shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c == 127; }, '?');
    return "'" + shown + "'";
}

ImageFile parse_line(string_view line, const std::string& where, std::int64_t num_classes) {
    const auto fields = split(line);
    if (fields.path.empty() || !parse_number<double>(fields.index)) {
        throw DataError(text(where, ": expected 'index label path' separated by tabs, found ", in_quotes(line), '.'));
    }
    if (fields.path.find('\t') != string_view::npos) {
        throw DataError(text(where, ": expected three fields, found more: ", in_quotes(line),
                             ". Lists with several labels an image are not supported."));
    }
    const auto label = parse_number<double>(fields.label);
    if (!label || *label != std::floor(*label)) {
        throw DataError(text(where, ": expected a whole number as label, found ", in_quotes(fields.label), '.'));
    }
    const double limit = static_cast<double>(num_classes > 0 ? num_classes : kLabelLimit);
    if (*label < 0 || *label >= limit) {
        throw DataError(text(where, ": label ", in_quotes(fields.label), " is outside 0..",
                             static_cast<std::int64_t>(limit) - 1,
                             num_classes > 0 ? ". Correct the list or num_classes." : ". Labels count from 0."));
    }
    return {std::string(fields.path), static_cast<std::int64_t>(*label), 0};
}

std::string find_list(const ChannelFiles& lists) {
    std::vector<std::string> found;
    for (const auto& file : lists.files) {
        if (lower(file).ends_with(".lst")) found.push_back(file);
    }
    if (found.size() == 1) return found.front();
    throw DataError(text(name_of(lists.channel), ": expected one .lst file in ", lists.channel.path.string(),
                         ", found ", found.empty() ? "none, only " + some_of(lists.files) : some_of(found), '.'));
}

// Paths count from the channel's folder; a list inside the channel may also count from where it lies.
void resolve(const ChannelFiles& files, const std::string& list_file, ImageFile& image) {
    const auto there = [&](const std::string& file) {
        return std::binary_search(files.files.begin(), files.files.end(), file);
    };
    std::string file = std::filesystem::path(image.file).lexically_normal().relative_path().generic_string();
    const auto beside = folder_part(list_file);
    if (!there(file) && !beside.empty() && there(text(beside, '/', file))) file = text(beside, '/', file);
    if (!there(file)) {
        throw DataError(text(name_of(files.channel), ": there is no image ", in_quotes(image.file), " in ",
                             files.channel.path.string(), ", which ", list_file, " names in line ", image.line,
                             ". Paths in the list are relative to that folder."));
    }
    image.file = std::move(file);
}

}  // namespace

std::vector<ImageFile> parse_lst(string_view content, const std::string& what, std::int64_t num_classes) {
    if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);  // the byte order mark that some editors write
    std::vector<ImageFile> images;
    std::int64_t number_of_line = 0;
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        const auto line = trim(content.substr(0, end));
        content.remove_prefix(std::min(end + 1, content.size()));
        ++number_of_line;
        if (line.empty()) continue;
        images.push_back(parse_line(line, text(what, ", line ", number_of_line), num_classes));
        images.back().line = number_of_line;
    }
    return images;
}

ImageFileList read_lst(const ChannelFiles& files, const ChannelFiles& lists, std::int64_t num_classes) {
    ImageFileList list;
    list.list_name = find_list(lists);
    const std::string what = text(name_of(lists.channel), ", ", list.list_name);
    list.images = parse_lst(read_file(lists.path_of(list.list_name)), what, num_classes);
    if (list.images.empty())
        throw DataError(text(what, ": expected lines of 'index label path', found an empty list."));
    list.classes = num_classes;
    for (auto& image : list.images) {
        resolve(files, list.list_name, image);
        list.classes = std::max(list.classes, image.label + 1);
    }
    return list;
}

}  // namespace tundish
