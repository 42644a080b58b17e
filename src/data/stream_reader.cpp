#include "tundish/data/stream_reader.hpp"

#include "payload_parser.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/log.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_files.hpp"
#include "tundish/data/image_layout.hpp"

#include <utility>

namespace tundish {
namespace {

std::int64_t classes_of(DataFormat format, std::int64_t given) {
    if (given > 0) return given;
    if (format == DataFormat::cifar10) return 10;
    return format == DataFormat::cifar100 ? 100 : 0;
}

}  // namespace

StreamReader::StreamReader(std::unique_ptr<ByteSource> source, const ChannelSpec& channel, DataFormat format,
                           const DataOptions& options, const StreamForm* known)
    : framing_(make_framing(std::move(source), format, options)),
      parser_(make_payload_parser(channel, format, options, known)),
      classes_(classes_of(format, options.num_classes)) {
    if (known != nullptr) {
        form_ = *known;
    } else {
        look_ahead(channel, options);
    }
}

StreamReader::~StreamReader() = default;

std::optional<StreamReader::Parsed> StreamReader::read_one() {
    Parsed out;
    try {
        const auto payload = framing_->next();
        if (!payload) return std::nullopt;
        out.record.origin = framing_->origin();
        const LabelledImage found = parser_->parse(*payload, *framing_);
        out.record.payload.assign(found.image.begin(), found.image.end());
        out.record.label = found.label;
        out.raw_shape = found.raw_shape;
        out.planar = found.planar;
    } catch (const RecordProblem& problem) {
        if (out.record.origin.empty()) out.record.origin = framing_->origin();
        out.record.problem = problem.what();
    }
    return out;
}

// The first sample decides what all are, whatever damaged records come before it; raw pixels whose order nobody told
// need more of them.
void StreamReader::look_ahead(const ChannelSpec& channel, const DataOptions& options) {
    const ImageLayout wanted = options.image_layout;
    const bool first_problem_ends = options.on_bad_record == BadRecordPolicy::error;
    LayoutDetector detector;
    std::optional<bool> undecided;  // whether the order is; once there is a sample
    std::size_t bytes = 0;
    while (undecided.value_or(true) && !detector.enough() && bytes < kLookAheadBytes) {
        auto parsed = read_one();
        if (!parsed) break;
        ahead_.push_back(std::move(*parsed));
        const Parsed& sample = ahead_.back();
        bytes +=
            sizeof sample + sample.record.payload.size() + sample.record.origin.size() + sample.record.problem.size();
        if (!sample.record.problem.empty()) {
            if (first_problem_ends) break;
            continue;
        }
        if (!undecided) {
            form_.raw_shape = sample.raw_shape;
            undecided = sample.raw_shape && !sample.planar && sample.raw_shape->channels > 1 &&
                        wanted == ImageLayout::automatic;
        }
        if (*undecided && sample.raw_shape == form_.raw_shape) detector.add(sample.record.payload, *sample.raw_shape);
    }
    form_.in_pairs = parser_->in_pairs();
    form_.interleaved = wanted == ImageLayout::hwc;
    if (!undecided.value_or(false)) return;
    try {
        form_.interleaved = detector.decide() == ImageLayout::hwc;
    } catch (const DataError& error) {
        throw DataError(text(name_of(channel), ", ", framing_->origin(), ": ", error.what()));
    }
    log_info(text(name_of(channel), ": raw pixels are ", to_text(detector.decide()), " (", detector.reason(), ')'));
}

std::optional<Record> StreamReader::next() {
    if (!ahead_.empty()) {
        Parsed parsed = std::move(ahead_.front());
        ahead_.pop_front();
        return finish(std::move(parsed));
    }
    auto parsed = read_one();
    if (!parsed) return std::nullopt;
    return finish(std::move(*parsed));
}

Record StreamReader::finish(Parsed parsed) {
    Record record = std::move(parsed.record);
    record.index = index_++;
    if (!record.problem.empty()) return record;
    if (parsed.raw_shape != form_.raw_shape) {
        const auto kind = [](const auto& shape) {
            return shape ? text("raw pixels of ", to_text(*shape)) : std::string("an encoded image");
        };
        record.problem =
            text("expected ", kind(form_.raw_shape), " as in the first record, found ", kind(parsed.raw_shape));
    } else if (form_.raw_shape && !parsed.planar && form_.interleaved) {
        record.payload = to_planar(record.payload, *form_.raw_shape);
    }
    return record;
}

}  // namespace tundish
