#include "resumed_reader.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/data/image_header.hpp"

namespace tundish {
namespace {

// A damaged image says nothing; whoever decodes it says what is wrong.
std::optional<bool> is_grey(const Record& record) {
    if (!record.problem.empty()) return std::nullopt;
    try {
        return read_image_header(record.payload).grey;
    } catch (const DataError&) {
        return std::nullopt;
    }
}

bool all_grey(ResumedReader& reader) {
    constexpr std::size_t kImages = 100;  // a few grey pictures among photographs are no sign
    bool any = false;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kImages && bytes < kLookAheadBytes; ++i) {
        const Record* record = reader.look_at(i);
        if (record == nullptr) break;
        bytes += record->payload.size();
        const auto grey = is_grey(*record);
        if (grey && !*grey) return false;
        any = any || grey;
    }
    return any;
}

}  // namespace

ImageFit choose_fit(ResumedReader& reader, const ChannelSpec& channel, const DataOptions& options) {
    ImageFit rule{options.image_shape, options.resize_short_side};
    if (options.image_shape) return rule;
    if (const auto raw = reader.raw_shape()) {
        rule.grey = raw->channels == 1;
        return rule;
    }
    rule.grey = all_grey(reader);
    if (rule.grey) {
        log_info(text(name_of(channel),
                      ": its first images are grey, so all are read as grey (image_shape with 3 channels "
                      "reads them as colour)"));
    }
    return rule;
}

}  // namespace tundish
