#include "sample_collector.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"

#include <algorithm>
#include <utility>

namespace tundish {

bool SampleCollector::add(const Decoded& sample, SampleSet& to) {
    if (!sample.problem.empty()) {
        pass_over(sample);
        return false;
    }
    if (first_.empty()) {
        first_ = sample.origin;
        shape_ = sample.image.shape;
    }
    if (sample.image.shape != shape_) sizes_differ(sample);
    to.shape = shape_;
    to.labels.push_back(sample.label);
    to.pixels.insert(to.pixels.end(), sample.image.pixels.begin(), sample.image.pixels.end());
    return true;
}

void SampleCollector::pass_over(const Decoded& sample) {
    const std::string problem = text(name_of(channel_), ", ", sample.origin, ": ", sample.problem);
    if (on_bad_record_ == BadRecordPolicy::error) {
        throw DataError(
            text(problem, ". Replace or remove that record, or set on_bad_record=skip to train without it."));
    }
    if (on_bad_record_ == BadRecordPolicy::skip_warn) log_warning(text(problem, ". Skipped."));
    ++skipped_;
}

void SampleCollector::sizes_differ(const Decoded& sample) const {
    throw DataError(text(name_of(channel_), ": expected images of one size, found ", to_text(shape_), " (", first_,
                         ") and ", to_text(sample.image.shape), " (", sample.origin,
                         "). Set image_shape, such as image_shape=", shape_.channels, ",64,64 (", shape_.channels,
                         ",224,224 for fine detail): all are stretched to it."));
}

void log_skipped(const ChannelSpec& channel, std::int64_t count) {
    log_warning(text(name_of(channel), ": ", count, count == 1 ? " record" : " records", " could not be decoded and ",
                     count == 1 ? "was" : "were", " skipped (on_bad_record)"));
}

std::vector<std::string> numbers_as_names(std::int64_t classes) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
    return names;
}

std::int64_t largest_label(const SampleSet& samples) {
    const auto largest = std::max_element(samples.labels.begin(), samples.labels.end());
    return largest == samples.labels.end() ? -1 : *largest;
}

void name_classes(SampleSet& samples, std::vector<std::string> names, std::int64_t classes) {
    samples.numbered = names.empty();
    samples.class_names = samples.numbered ? numbers_as_names(classes) : std::move(names);
}

}  // namespace tundish
