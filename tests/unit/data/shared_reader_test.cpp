#include "tundish/data/shared_reader.hpp"

#include "support/catch.hpp"

#include <set>

using namespace tundish;

namespace {

// Records that hold their own number; `loads` counts payloads that were asked for.
class Numbers : public RecordReader {
  public:
    explicit Numbers(std::int64_t count) : count_(count) {}
    std::optional<Record> next() override {
        auto record = next_unloaded();
        if (record) load(*record);
        return record;
    }
    std::optional<Record> next_unloaded() override {
        if (given_ == count_) return std::nullopt;
        Record record;
        record.index = given_++;
        return record;
    }
    void load(Record& record) const override { record.payload = {static_cast<std::uint8_t>(record.index)}; }
    [[nodiscard]] std::int64_t size_hint() const override { return count_; }

  private:
    std::int64_t count_;
    std::int64_t given_ = 0;
};

}  // namespace

TEST_CASE("shares are disjoint, complete, and equal but for one") {
    for (const std::int64_t count : {0, 1, 2, 7, 12, 13}) {
        for (const std::int64_t of : {1, 2, 3, 5}) {
            std::set<std::int64_t> all;
            for (std::int64_t place = 0; place < of; ++place) {
                SharedReader reader(std::make_unique<Numbers>(count), {place, of});
                std::int64_t own = 0;
                for (auto record = reader.next(); record; record = reader.next(), ++own) {
                    CHECK(record->payload.size() == 1);
                    CHECK(all.insert(record->index).second);
                }
                CHECK_FALSE(reader.next());  // the end stays the end
                CHECK(own == reader.size_hint());
                CHECK(own - count / of <= 1);
            }
            CHECK(static_cast<std::int64_t>(all.size()) == count);
        }
    }
}

TEST_CASE("records keep their number in the channel, and unloaded ones stay unloaded") {
    SharedReader reader(std::make_unique<Numbers>(5), {1, 2});
    const auto record = reader.next_unloaded();
    REQUIRE(record);
    CHECK(record->index == 1);
    CHECK(record->payload.empty());
    CHECK(reader.next()->index == 3);
    CHECK_FALSE(reader.next_unloaded());
}
