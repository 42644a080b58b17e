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

DecodePipeline::DecodePipeline(RecordReader& reader, const ImageFit& rule, int workers)
    : reader_(reader),
      rule_(rule),
      raw_shape_(reader.raw_shape()),
      tasks_(2 * worker_count(workers)),
      pieces_(4 * worker_count(workers)) {
    try {
        threads_.emplace_back([this] { read_all(); });
        for (std::size_t i = 0; i < worker_count(workers); ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
        tasks_.cancel();
        pieces_.cancel();
        throw MachineError(text("cannot start ", worker_count(workers), " decode threads: ", error.what()));
    }
}

DecodePipeline::~DecodePipeline() {
    tasks_.cancel();
    pieces_.cancel();
}

std::optional<Decoded> DecodePipeline::next() {
    while (taken_ == piece_.size()) {
        auto future = pieces_.pop();
        if (!future) return std::nullopt;
        piece_ = future->get();
        taken_ = 0;
    }
    return std::move(piece_[taken_++]);
}

void DecodePipeline::read_all() {
    std::vector<Record> records;
    try {
        while (auto record = reader_.next_unloaded()) {
            records.push_back(std::move(*record));
            if (records.size() == kPieceRecords && !submit(std::exchange(records, {}))) return;
        }
        submit(std::move(records));
        pieces_.close();
    } catch (...) {
        submit(std::move(records));  // what came before the failure counts first
        pieces_.fail(std::current_exception());
    }
    tasks_.close();
}

bool DecodePipeline::submit(std::vector<Record> records) {
    Task task([this, records = std::move(records)]() mutable { return decode_all(records); });
    return pieces_.push(task.get_future()) && tasks_.push(std::move(task));
}

void DecodePipeline::work() {
    while (auto task = tasks_.pop()) (*task)();
}

DecodePipeline::Piece DecodePipeline::decode_all(std::vector<Record>& records) const {
    Piece piece;
    piece.reserve(records.size());
    for (auto& record : records) {
        if (record.problem.empty() && !raw_shape_) reader_.load(record);
        piece.push_back(decode_record(std::move(record), raw_shape_, rule_));
    }
    return piece;
}

}  // namespace tundish
