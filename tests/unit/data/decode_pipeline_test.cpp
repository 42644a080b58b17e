#include "tundish/data/decode_pipeline.hpp"

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/sample_set.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

using namespace tundish;
using namespace tundish::testing;

namespace {

// Gives `count` records whose payload `payload_of` makes in the worker.
class MadeReader : public RecordReader {
  public:
    MadeReader(std::int64_t count, std::function<std::string(std::int64_t)> payload_of)
        : count_(count), payload_of_(std::move(payload_of)) {}
    std::optional<Record> next() override {
        auto record = next_unloaded();
        if (record) load(*record);
        return record;
    }
    std::optional<Record> next_unloaded() override {
        if (given_ == fail_at) throw DataError("the reader failed");
        if (given_ == count_) return std::nullopt;
        const std::int64_t index = given_++;
        return Record{{}, index % 7, index, text("record ", index), {}};
    }
    void load(Record& record) const override {
        const auto payload = payload_of_(record.index);
        record.payload.assign(payload.begin(), payload.end());
    }

    std::int64_t fail_at = -1;
    [[nodiscard]] std::int64_t given() const { return given_; }

  private:
    std::int64_t count_;
    std::function<std::string(std::int64_t)> payload_of_;
    std::atomic<std::int64_t> given_{0};
};

std::string green_image(std::int64_t index) {
    return plain_image(".png", 4, 4, 0, static_cast<int>(index % 256), 0);
}

}  // namespace

TEST_CASE("any number of workers keeps the order") {
    for (const int workers : {1, 2, 7, 16}) {
        MadeReader reader(1000, green_image);
        DecodePipeline pipeline(reader, {}, workers);
        std::int64_t count = 0;
        std::int64_t wrong = 0;
        while (const auto sample = pipeline.next()) {
            wrong += sample->label == count % 7 && sample->image.pixels.at(16) == count % 256 && sample->problem.empty()
                         ? 0
                         : 1;
            ++count;
        }
        CHECK(count == 1000);
        CHECK(wrong == 0);
        CHECK_FALSE(pipeline.next().has_value());
    }
}

TEST_CASE("the first problem in record order comes first, whichever worker finds it") {
    for (int attempt = 0; attempt < 20; ++attempt) {
        MadeReader reader(500,
                          [](std::int64_t index) { return index == 201 || index >= 210 ? "bad" : green_image(index); });
        DecodePipeline pipeline(reader, {}, 8);
        std::int64_t first = -1;
        for (std::int64_t i = 0; first < 0; ++i) {
            if (!pipeline.next()->problem.empty()) first = i;
        }
        CHECK(first == 201);
    }
}

TEST_CASE("an exception of a worker or of the reader comes after the records before it") {
    MadeReader failing(500, green_image);
    failing.fail_at = 70;
    DecodePipeline pipeline(failing, {}, 3);
    for (int i = 0; i < 70; ++i) CHECK(pipeline.next().has_value());
    CHECK_THROWS_AS(pipeline.next(), DataError);

    MadeReader loading(500, [](std::int64_t index) {
        if (index == 300) throw MachineError("a disk error");
        return green_image(index);
    });
    DecodePipeline second(loading, {}, 3);
    const auto message = message_of<MachineError>([&] {
        while (second.next()) {
        }
    });
    CHECK(message == "a disk error");
}

TEST_CASE("a pipeline reads a bounded number of records ahead and can be left at any time") {
    MadeReader reader(1'000'000, green_image);
    {
        DecodePipeline pipeline(reader, {}, 2);
        CHECK(pipeline.next().has_value());
    }
    CHECK(reader.given() < 2000);
}

TEST_CASE("large images are few ahead, small ones many, and both keep their order") {
    const auto blank = plain_image(".png", 200, 200, 1, 2, 3);  // 120,000 bytes when decoded
    for (const std::uint64_t bytes_ahead : {std::uint64_t{1'200'000}, std::uint64_t{1}}) {
        MadeReader reader(300, [&](std::int64_t /*index*/) { return blank; });
        DecodePipeline pipeline(reader, {}, 8, bytes_ahead);
        std::int64_t most = 0;
        for (std::int64_t i = 0; i < 300; ++i) {
            if (i % 50 == 10) std::this_thread::sleep_for(std::chrono::milliseconds(60));  // it gets as far as it may
            CHECK(pipeline.next()->index == i);
            most = std::max(most, reader.given() - i);
        }
        CHECK_FALSE(pipeline.next().has_value());
        // One record is read before there is room for it, and the bound gives way to two pieces of one record.
        CHECK(most <= (bytes_ahead == 1 ? 5 : 13));
        CHECK(most >= 3);
    }
    MadeReader reader(1000, green_image);
    DecodePipeline pipeline(reader, {}, 2, 1'200'000);
    for (int i = 0; i < 100; ++i) pipeline.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK(reader.given() > 300);
}

TEST_CASE("a stop while images are read ends with Stopped") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 3);
    ChannelSpec channel;
    channel.name = "train";
    channel.path = folder.path();
    CHECK(exit_code_of([&] {
              request_stop();
              return message_of<Stopped>([&] { load_samples(channel, {}); }).find("channel 'train'") !=
                             std::string::npos
                         ? 0
                         : 1;
          }) == 0);
}
