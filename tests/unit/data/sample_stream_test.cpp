#include "tundish/data/sample_stream.hpp"

#include "support/catch.hpp"
#include "support/channel_at.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/fifo_writer.hpp"
#include "support/gzip_bytes.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/record_frames.hpp"
#include "tundish/data/shuffled_reader.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <thread>

using namespace tundish;
using namespace tundish::testing;
using namespace std::chrono_literals;

namespace {

/// Records 0, 1, 2, … of 1,000 bytes.
class Counting : public RecordReader {
  public:
    explicit Counting(std::int64_t records) : records_(records) {}
    std::optional<Record> next() override {
        if (next_ == records_) return std::nullopt;
        return Record{Bytes(1000, 7), 0, next_++, "record", {}};
    }

  private:
    std::int64_t records_;
    std::int64_t next_ = 0;
};

std::vector<std::int64_t> order_of(std::int64_t records, std::int64_t window, std::uint64_t key) {
    ShuffledReader reader(std::make_unique<Counting>(records), window, key);
    std::vector<std::int64_t> order;
    while (const auto record = reader.next()) order.push_back(record->index);
    return order;
}

std::vector<std::int64_t> ids_of_pass(SampleStream& stream, std::uint64_t key, std::int64_t at_once,
                                      std::int64_t skip = 0) {
    std::vector<std::int64_t> ids;
    stream.begin_pass(key, skip);
    for (;;) {
        const auto part = stream.next(at_once);
        for (std::size_t i = 0; i < part.ids.size(); ++i) {
            ids.push_back(part.ids[i]);
            CHECK(part.samples.labels[i] == part.ids[i] % 10);
            CHECK(part.samples.pixels[i * 3072] == cifar_pixel(part.ids[i], 0));
        }
        if (part.samples.size() < at_once) return ids;
    }
}

bool holds_all(std::vector<std::int64_t> ids, std::int64_t count) {
    std::sort(ids.begin(), ids.end());
    std::vector<std::int64_t> wanted(static_cast<std::size_t>(count));
    std::iota(wanted.begin(), wanted.end(), 0);
    return ids == wanted;
}

}  // namespace

TEST_CASE("a shuffle window gives every record once, in an order of its key, and no record much too early") {
    const auto order = order_of(500, 20'000, 1);
    CHECK(holds_all(order, 500));
    CHECK(order == order_of(500, 20'000, 1));
    CHECK(order != order_of(500, 20'000, 2));
    for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] <= static_cast<std::int64_t>(i) + 20);
    const auto in_order = order_of(50, 0, 1);
    CHECK(std::is_sorted(in_order.begin(), in_order.end()));
    CHECK(holds_all(order_of(500, 1 << 30, 3), 500));
}

TEST_CASE("a streamed File-mode channel gives all samples in each pass, and goes on after a skip") {
    const TempFolder folder;
    write_cifar10(folder, "", 2, 330);
    SampleStream stream(channel_at(folder.path()), nullptr, {});
    CHECK(stream.size() == 660);
    CHECK(stream.head().size() == 660);  // a small channel is all head
    CHECK(stream.head().class_names == cifar10_names());
    const auto first = ids_of_pass(stream, 1, 100);
    CHECK(holds_all(first, 660));
    const auto second = ids_of_pass(stream, 2, 100);
    CHECK(holds_all(second, 660));
    CHECK(first != second);
    const auto rest = ids_of_pass(stream, 1, 64, 500);
    CHECK(rest == std::vector<std::int64_t>(first.begin() + 500, first.end()));
}

TEST_CASE("a streamed Pipe-mode channel reads FIFO k for pass k, the first records of it once only") {
    const TempFolder folder;
    for (const char* name : {"train_0", "train_1"}) make_fifo(folder.path() / name);
    const auto bytes = cifar_records(0, 200);
    FifoWriter first(folder.path() / "train_0", [&](FifoWriter& writer) { writer.write(bytes); });
    FifoWriter second(folder.path() / "train_1", [&](FifoWriter& writer) { writer.write(bytes); });
    DataOptions options;
    options.num_training_samples = 200;
    SampleStream stream(channel_at(folder.path() / "train", InputMode::pipe), nullptr, options);
    CHECK(holds_all(ids_of_pass(stream, 1, 60), 200));
    CHECK(holds_all(ids_of_pass(stream, 2, 200), 200));
}

namespace {

/// Passes 0 and 1 of a streamed channel; what the second one comes to.
struct TwoPasses {
    TempFolder folder;
    FifoWriter first, second;
    std::unique_ptr<SampleStream> stream;

    TwoPasses(const std::string& pass_0, const std::string& pass_1, DataOptions options = {})
        : first(fifo("train_0"), [pass_0](FifoWriter& writer) { writer.write(pass_0); }),
          second(fifo("train_1"), [pass_1](FifoWriter& writer) { writer.write(pass_1); }) {
        options.num_training_samples = 20;
        options.num_classes = 10;
        stream = std::make_unique<SampleStream>(channel_at(folder.path() / "train", InputMode::pipe), nullptr, options);
        stream->begin_pass(1, 0);
        while (stream->next(64).samples.size() > 0) {
        }
    }

    StreamedSamples next_pass() {
        stream->begin_pass(2, 0);
        return stream->next(64);
    }

  private:
    std::filesystem::path fifo(const char* name) {
        make_fifo(folder.path() / name);
        return folder.path() / name;
    }
};

std::string raw_examples(ImageShape shape, int count, std::uint8_t value = 7) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        std::string payload;
        append_raw_example(payload, Bytes(shape.pixels(), value), shape, i % 10);
        append_tfrecord(bytes, as_bytes(payload));
    }
    return bytes;
}

std::string image_records(int side, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        std::string payload;
        append_mxnet_record(payload, i % 10, 0, as_bytes(plain_image(".png", side, side, 1, 2, 3)));
        append_recordio(bytes, as_bytes(payload));
    }
    return bytes;
}

}  // namespace

TEST_CASE("a later pass is held to the format, the image size and the layout of the first one") {
    TwoPasses other_format(cifar_records(0, 20), raw_examples({3, 32, 32}, 20));
    CHECK(lacks(message_of<DataError>([&] { other_format.next_pass(); }),
                {"channel 'train'", "expected cifar10", "found tfrecord"}) == "");

    TwoPasses other_size(image_records(32, 20), image_records(40, 20));
    CHECK(lacks(message_of<DataError>([&] { other_size.next_pass(); }), {"3x32x32 (the first pass)", "3x40x40"}) == "");

    DataOptions skipping;
    skipping.on_bad_record = BadRecordPolicy::skip;
    skipping.image_layout = ImageLayout::chw;
    const auto small = raw_examples({3, 32, 32}, 20), large = raw_examples({3, 64, 64}, 20);
    TwoPasses reordered(small + large, large + small, skipping);
    CHECK(reordered.next_pass().samples.shape == ImageShape{3, 32, 32});
    CHECK(reordered.stream->skipped() == 40);

    // Images of one colour do not tell the layout; the first pass's did.
    std::string waves;
    for (int i = 0; i < 20; ++i) {
        Bytes pixels(3072);
        for (std::size_t at = 0; at < pixels.size(); ++at)
            pixels[at] = static_cast<std::uint8_t>(at / 1024 * 80 + at / 32 % 32);
        std::string payload;
        append_raw_example(payload, pixels, {3, 32, 32}, i % 10);
        append_tfrecord(waves, as_bytes(payload));
    }
    TwoPasses plain(waves, raw_examples({3, 32, 32}, 20));
    CHECK(plain.next_pass().samples.size() == 20);
}

TEST_CASE("a stray image or label that comes first in a later pass is a bad record, as it was in the first one") {
    DataOptions options;
    options.on_bad_record = BadRecordPolicy::skip;
    const auto images = image_records(32, 20);
    for (const auto& stray : {plain_image(".png", 4, 4, 1, 2, 3), std::string("7"), gzipped("readme")}) {
        std::string record;
        append_recordio(record, as_bytes(stray));
        TwoPasses reordered(images + record, record + images, options);
        CHECK(reordered.next_pass().samples.size() == 20);
        CHECK(reordered.stream->skipped() == 2);
    }
}

TEST_CASE("a later pass that ends within its first record names record and byte") {
    const auto whole = cifar_records(0, 20);
    TwoPasses cut(whole, whole.substr(0, 1000));
    CHECK(lacks(message_of<DataError>([&] { cut.next_pass(); }), {"pass 1", "record 0 (byte 0)", "mid-record"}) == "");
}

TEST_CASE("a pass whose writer says nothing more can be left, also by another thread") {
    const TempFolder folder;
    for (const char* name : {"train_0", "train_1"}) make_fifo(folder.path() / name);
    const auto begin_and_pause = [](FifoWriter& writer) {
        writer.write(cifar_records(0, 100));
        writer.pause(60s);
    };
    FifoWriter first(folder.path() / "train_0", [](FifoWriter& writer) { writer.write(cifar_records(0, 200)); });
    FifoWriter second(folder.path() / "train_1", begin_and_pause);
    DataOptions options;
    options.num_training_samples = 200;
    SampleStream stream(channel_at(folder.path() / "train", InputMode::pipe), nullptr, options);
    CHECK(holds_all(ids_of_pass(stream, 1, 200), 200));
    const Stopwatch watch;
    stream.begin_pass(2, 0);
    std::jthread other([&stream] {
        std::this_thread::sleep_for(50ms);
        stream.cancel_pass();
    });
    try {
        CHECK(stream.next(200).samples.size() < 200);
    } catch (const std::exception&) {  // as good: nobody wants to know
    }
    other.join();
    stream.end_pass();
    CHECK(watch.seconds() < 20);
}

TEST_CASE("a damaged record ends reading though the FIFO's writer says nothing more") {
    const TempFolder folder;
    make_fifo(folder.path() / "train_0");
    FifoWriter writer(folder.path() / "train_0", [](FifoWriter& self) {
        std::string damaged;
        append_recordio(damaged, as_bytes("not an image record"));
        self.write(image_records(32, 50) + damaged + image_records(32, 50));
        self.pause(60s);
    });
    const Stopwatch watch;
    CHECK(lacks(message_of<DataError>(
                    [&] { load_samples(channel_at(folder.path() / "train", InputMode::pipe), DataOptions{}); }),
                {"record 50"}) == "");
    CHECK(watch.seconds() < 20);
}

TEST_CASE("a later pass without a byte has no samples; the first one has to have some") {
    const TempFolder folder;
    for (const char* name : {"train_0", "train_1", "empty_0"}) make_fifo(folder.path() / name);
    const auto bytes = cifar_records(0, 20);
    FifoWriter first(folder.path() / "train_0", [&](FifoWriter& writer) { writer.write(bytes); });
    FifoWriter second(folder.path() / "train_1", [](FifoWriter& /*closes*/) {});
    FifoWriter nothing(folder.path() / "empty_0", [](FifoWriter& /*closes*/) {});
    DataOptions options;
    options.num_training_samples = 20;
    SampleStream stream(channel_at(folder.path() / "train", InputMode::pipe), nullptr, options);
    CHECK(holds_all(ids_of_pass(stream, 1, 60), 20));
    CHECK(ids_of_pass(stream, 2, 60).empty());
    CHECK(lacks(message_of<DataError>(
                    [&] { SampleStream(channel_at(folder.path() / "empty", InputMode::pipe), nullptr, options); }),
                {"pass 0", "stream without a byte"}) == "");
}

TEST_CASE("a streamed channel goes on exactly behind its samples when damaged records were passed over") {
    const TempFolder folder;
    std::string bytes;
    for (int i = 0; i < 400; ++i) {
        std::string payload;
        append_raw_example(payload, Bytes(3072, static_cast<std::uint8_t>(i)), {3, 32, 32}, i % 10);
        append_tfrecord(bytes, as_bytes(payload));
        if (i % 3 == 0) bytes[bytes.size() - 100] ^= 1;
    }
    folder.write("part-0", bytes);
    DataOptions options;
    options.image_layout = ImageLayout::chw;
    options.num_classes = 10;
    options.num_training_samples = 400;
    options.on_bad_record = BadRecordPolicy::skip;
    SampleStream stream(channel_at(folder.path()), nullptr, options);
    const auto whole = [&](std::int64_t skip) {
        stream.begin_pass(1, skip);
        return stream.next(1000).ids;
    };
    const auto all = whole(0);
    CHECK(all.size() == 266);
    CHECK(stream.skipped() == 134);
    CHECK(whole(100) == std::vector<std::int64_t>(all.begin() + 100, all.end()));
    CHECK(whole(266).empty());
    stream.end_pass();
    CHECK(stream.skipped() == 3 * 134);
}

TEST_CASE("the first pass over image files has the order that its key gives, like any other") {
    const TempFolder folder;
    for (int i = 0; i < 80; ++i) {  // more bytes than the window has
        folder.write(std::string(i % 2 == 0 ? "a/" : "b/") + std::to_string(i) + ".bmp",
                     plain_image(".bmp", 80, 80, i, 0, 0));
    }
    DataOptions options;
    options.shuffle_buffer = 1;
    SampleStream stream(channel_at(folder.path()), nullptr, options);
    stream.begin_pass(7);
    const auto first = stream.next(80).ids;
    stream.begin_pass(7);
    CHECK(first == stream.next(80).ids);
    stream.begin_pass(7, 30);
    CHECK(stream.next(80).ids == std::vector<std::int64_t>(first.begin() + 30, first.end()));
}

TEST_CASE("what a stream cannot know must be told") {
    const TempFolder folder;
    std::string bytes;
    for (int i = 0; i < 3; ++i) {
        std::string payload;
        append_raw_example(payload, Bytes(3072, 9), {3, 32, 32}, i);
        append_tfrecord(bytes, as_bytes(payload));
    }
    folder.write("part-0", bytes);
    DataOptions options;
    options.image_layout = ImageLayout::chw;
    const auto problem = [&] {
        return message_of<ConfigError>([&] { SampleStream(channel_at(folder.path()), nullptr, options); });
    };
    CHECK(lacks(problem(), {"channel 'train'", "Set num_classes and num_training_samples."}) == "");
    options.num_classes = 3;
    CHECK(lacks(problem(), {"channel 'train'", "Set num_training_samples."}) == "");
    options.num_classes = 0;
    options.num_training_samples = 3;
    CHECK(lacks(problem(), {"channel 'train'", "Set num_classes."}) == "");
    options.num_classes = 3;
    options.num_training_samples = 3;
    CHECK(SampleStream(channel_at(folder.path()), nullptr, options).head().size() == 3);
}

TEST_CASE("load_training_data streams when it is asked to, and the test file stays the validation set") {
    const TempFolder folder;
    write_cifar10(folder, "", 1, 50);
    DataOptions options;
    options.cache = CacheMode::none;
    const auto data = load_training_data(channel_at(folder.path()), nullptr, nullptr, nullptr, options);
    REQUIRE(data.stream);
    CHECK(data.train_size() == 50);
    REQUIRE(data.validation);
    CHECK(data.validation->size() == 50);
    options.cache = CacheMode::memory;
    CHECK_FALSE(load_training_data(channel_at(folder.path()), nullptr, nullptr, nullptr, options).stream);
}
