#include "class_numbers.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"

#include <set>

namespace tundish {

void check_density(const std::vector<std::int64_t>& labels, std::int64_t classes, const ChannelSpec& channel) {
    constexpr std::int64_t kManyClasses = 1000;
    if (classes <= kManyClasses) return;
    const auto different = static_cast<std::int64_t>(std::set<std::int64_t>(labels.begin(), labels.end()).size());
    if (different >= classes / 10) return;
    throw DataError(text(name_of(channel), ": the largest label is ", classes - 1, ", but only ", different,
                         " different labels occur in ", labels.size(),
                         " samples. Correct the labels, or set num_classes if there are that many classes."));
}

void doubt_empty_classes(const std::vector<std::int64_t>& labels, std::int64_t classes, const ChannelSpec& channel) {
    const std::set<std::int64_t> found(labels.begin(), labels.end());
    if (found.empty() || static_cast<std::int64_t>(found.size()) >= classes) return;
    log_warning(
        text(name_of(channel), ": only ", found.size(), " of ", classes,
             " classes have samples, and the largest label is ", *found.rbegin(),
             ". If that is not meant, correct the labels, or set num_classes: there are that many classes then, "
             "and a label beyond them is an error"));
}

}  // namespace tundish
