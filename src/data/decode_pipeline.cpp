#include "tundish/data/decode_pipeline.hpp"

#include "tundish/base/error.hpp"
#include "tundish/base/processors.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"

#include <exception>
#include <system_error>
#include <utility>

namespace tundish {
namespace {

constexpr std::size_t kPieceRecords = 32;  // a queue costs a microsecond or two, a small image ten times that

std::size_t worker_count(int wanted) {
    return static_cast<std::size_t>(wanted > 0 ? wanted : usable_processors());
}

}  // namespace

Decoded decode_record(Record record, const std::optional<ImageShape>& raw, const ImageFit& rule) {
    Decoded out{{}, record.label, std::move(record.origin), std::move(record.problem), record.index};
    if (!out.problem.empty()) return out;
    if (raw) {
        out.image = fit({*raw, std::move(record.payload)}, rule);
        return out;
    }
    try {
        out.image = fit(decode_image(record.payload, rule.channels()), rule);
    } catch (const DataError& error) {
        out.problem = error.what();
    }
    return out;
}

DecodePipeline::DecodePipeline(RecordReader& reader, const ImageFit& rule, int workers, std::uint64_t bytes_ahead)
    : reader_(reader),
      rule_(rule),
      raw_shape_(reader.raw_shape()),
      piece_bytes_(bytes_ahead / (4 * worker_count(workers))),
      first_bytes_(bytes_ahead / 2 + 1),
      image_bytes_(rule.shape ? rule.shape->pixels() : (raw_shape_ ? raw_shape_->pixels() : 0)),
      budget_(bytes_ahead),
      tasks_(2 * worker_count(workers)),
      pieces_(4 * worker_count(workers)) {
    try {
        threads_.emplace_back([this] { read_all(); });
        for (std::size_t i = 0; i < worker_count(workers); ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
        cancel();
        throw MachineError(text("cannot start ", worker_count(workers), " decode threads: ", error.what()));
    }
}

DecodePipeline::~DecodePipeline() {
    cancel();
}

// The reader last: what it throws then is nobody's failure.
void DecodePipeline::cancel() noexcept {
    budget_.cancel();
    tasks_.cancel();
    pieces_.cancel();
    reader_.cancel();
}

std::optional<Decoded> DecodePipeline::next() {
    while (taken_ == piece_.samples.size()) {
        auto future = pieces_.pop();
        if (!future) return std::nullopt;
        piece_ = future->get();
        budget_.give_back(piece_.bytes);
        taken_ = 0;
    }
    return std::move(piece_.samples[taken_++]);
}

// Before the first image is decoded nobody may know how large they are.
std::uint64_t DecodePipeline::expected_bytes(const Record& record) const {
    const std::uint64_t image = image_bytes_;
    return record.payload.size() + (image > 0 ? image : first_bytes_);
}

void DecodePipeline::read_all() {
    std::vector<Record> records;
    std::uint64_t bytes = 0;
    try {
        while (auto record = reader_.next_unloaded()) {
            bytes += expected_bytes(*record);
            records.push_back(std::move(*record));
            if (records.size() < kPieceRecords && bytes < piece_bytes_) continue;
            if (!submit(std::exchange(records, {}), std::exchange(bytes, 0))) return;
        }
        submit(std::move(records), bytes);
        pieces_.close();
    } catch (...) {
        submit(std::move(records), bytes);  // what came before the failure counts first
        pieces_.fail(std::current_exception());
    }
    tasks_.close();
}

bool DecodePipeline::submit(std::vector<Record> records, std::uint64_t bytes) {
    if (!budget_.take(bytes)) return false;
    Task task([this, bytes, records = std::move(records)]() mutable { return decode_all(records, bytes); });
    return pieces_.push(task.get_future()) && tasks_.push(std::move(task));
}

void DecodePipeline::work() {
    while (auto task = tasks_.pop()) (*task)();
}

DecodePipeline::Piece DecodePipeline::decode_all(std::vector<Record>& records, std::uint64_t bytes) {
    Piece piece;
    piece.samples.reserve(records.size());
    for (auto& record : records) {
        if (record.problem.empty() && !raw_shape_) reader_.load(record);
        piece.samples.push_back(decode_record(std::move(record), raw_shape_, rule_));
        const std::size_t size = piece.samples.back().image.pixels.size();
        piece.bytes += size;
        if (size > 0) image_bytes_ = size;
    }
    budget_.correct(bytes, piece.bytes);
    return piece;
}

}  // namespace tundish
