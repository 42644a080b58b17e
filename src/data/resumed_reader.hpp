#pragma once

#include "tundish/data/channel.hpp"
#include "tundish/data/data_options.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/wrapped_reader.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tundish {

/// A reader whose first records can be looked at before they are given. One thread, but for load() and cancel().
class ResumedReader : public WrappedReader {
  public:
    explicit ResumedReader(std::unique_ptr<RecordReader> reader) : WrappedReader(std::move(reader)) {}

    /// Record `i` from here, loaded, which next_unloaded() will still give as if it had not been; null behind the end.
    /// Valid until the next call.
    const Record* look_at(std::size_t i) {
        while (looked_at_.size() <= i) {
            auto record = reader().next_unloaded();
            if (!record) return nullptr;
            looked_at_.push_back(std::move(*record));
        }
        if (!needs_load(looked_at_[i])) return &looked_at_[i];
        shown_ = looked_at_[i];
        reader().load(shown_);
        return &shown_;
    }

    /// Its records must not have been looked at.
    bool read_all_into(SampleSet& samples) override { return looked_at_.empty() && reader().read_all_into(samples); }

    std::optional<Record> next() override {
        if (looked_at_.empty()) return reader().next();
        auto record = take();
        if (needs_load(*record)) reader().load(*record);
        return record;
    }
    std::optional<Record> next_unloaded() override { return looked_at_.empty() ? reader().next_unloaded() : take(); }
    void load(Record& record) const override {
        if (needs_load(record)) reader().load(record);
    }

  private:
    static bool needs_load(const Record& record) { return record.payload.empty() && record.problem.empty(); }

    std::optional<Record> take() {
        std::optional<Record> record(std::move(looked_at_.front()));
        looked_at_.pop_front();
        return record;
    }

    std::deque<Record> looked_at_;
    Record shown_;
};

/// How the channel's images become samples: as the options say, and where they leave it open, grey if the raw pixels or
/// the first 100 encoded images (fewer above kLookAheadBytes) all are (which is logged), else colour.
ImageFit choose_fit(ResumedReader& reader, const ChannelSpec& channel, const DataOptions& options);

}  // namespace tundish
