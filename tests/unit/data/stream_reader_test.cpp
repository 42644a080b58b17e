#include "tundish/data/stream_reader.hpp"

#include "support/catch.hpp"
#include "support/cifar_files.hpp"
#include "support/gzip_bytes.hpp"
#include "support/record_streams.hpp"
#include "tundish/data/buffered_input.hpp"

#include <algorithm>
#include <cstring>

using namespace tundish;
using namespace tundish::testing;

namespace {

/// The same record again and again; counts how many bytes were read.
class EndlessSource : public ByteSource {
  public:
    EndlessSource(std::string record, std::size_t& given) : record_(std::move(record)), given_(given) {}
    std::size_t read(std::uint8_t* to, std::size_t size) override {
        const std::size_t at = given_ % record_.size(), count = std::min(size, record_.size() - at);
        std::memcpy(to, record_.data() + at, count);
        given_ += count;
        return count;
    }
    [[nodiscard]] std::string what() const override { return "endless"; }
    [[nodiscard]] std::string place() const override { return "endless"; }
    [[nodiscard]] std::string advice(Damage /*damage*/) const override { return ""; }

  private:
    std::string record_;
    std::size_t& given_;
};

}  // namespace

TEST_CASE("every format and mode gives the same images and labels in the same order") {
    const TempFolder folder;
    folder.write("data_batch_1.bin", written(as_cifar));
    const auto expected = checksum(load_samples(channel_at(folder.path()), {}));
    for (const auto& append : {as_mxnet, as_manifest, as_example, as_interleaved_example, as_encoded_example}) {
        const auto bytes = written(append);
        const auto set = from_file(bytes);
        CHECK(set.size() == kRecords);
        CHECK(set.shape == kShape);
        CHECK(checksum(set) == expected);
        CHECK(checksum(from_file(gzipped(bytes))) == expected);
        CHECK(checksum(from_pipe(bytes)) == expected);
        CHECK(checksum(from_pipe(gzipped(bytes))) == expected);
    }
    CHECK(checksum(from_pipe(written(as_cifar))) == expected);
    CHECK(checksum(from_pipe(written(as_manifest), {}, RecordWrapper::recordio)) == expected);
}

TEST_CASE("raw pixels in both orders can be read as the user says") {
    DataOptions options;
    options.image_layout = ImageLayout::hwc;
    const auto interleaved_set = from_file(written(as_interleaved_example), options);
    CHECK(ByteSpan(interleaved_set.pixels).first(3072).size() == picture(0).size());
    CHECK(Bytes(interleaved_set.pixels.begin(), interleaved_set.pixels.begin() + 3072) == picture(0));
    options.image_layout = ImageLayout::chw;
    const auto as_it_lies = from_file(written(as_interleaved_example), options);
    CHECK(Bytes(as_it_lies.pixels.begin(), as_it_lies.pixels.begin() + 3072) == interleaved(picture(0)));
}

TEST_CASE("a stray record among the first ones does not end the search for the order of raw pixels") {
    std::string grey;
    append_raw_example(grey, Bytes(784, 7), {1, 28, 28}, 1);
    std::string encoded;
    append_encoded_example(encoded, png({kShape, picture(0)}), 1);
    for (const auto& stray : {grey, encoded}) {
        std::string bytes;
        for (std::int64_t i = 0; i < kRecords; ++i) {
            if (i == 10) append_tfrecord(bytes, as_bytes(stray));
            as_interleaved_example(bytes, picture(i), i);
        }
        DataOptions options;
        options.on_bad_record = BadRecordPolicy::skip;
        const auto set = from_pipe(bytes, options);
        CHECK(set.skipped == 1);
        CHECK(checksum(set) == checksum(from_file(written(as_example))));
    }
}

TEST_CASE("a hundred bad records before the first good one decide nothing") {
    std::string bytes;
    for (std::int64_t i = 0; i < 120; ++i) {
        std::string payload;
        append_raw_example(payload, picture(i), kShape, -1);
        append_tfrecord(bytes, as_bytes(payload));
    }
    DataOptions options;
    options.on_bad_record = BadRecordPolicy::skip;
    const auto set = from_pipe(bytes + written(as_interleaved_example), options);
    CHECK(set.skipped == 120);
    CHECK(checksum(set) == checksum(from_file(written(as_example))));
}

TEST_CASE("large raw images are not read ahead by the hundred to find out their order") {
    const ImageShape shape{3, 2048, 2048};
    Bytes pixels(shape.pixels());
    for (std::size_t at = 0; at < pixels.size(); ++at) pixels[at] = static_cast<std::uint8_t>(at >> 16U);
    std::string payload;
    std::string record;
    append_raw_example(payload, pixels, shape, 1);
    append_tfrecord(record, as_bytes(payload));
    std::size_t given = 0;
    const StreamReader reader(std::make_unique<EndlessSource>(record, given), channel_at("train"), DataFormat::tfrecord,
                              {});
    CHECK(reader.raw_shape() == shape);
    CHECK(given < kLookAheadBytes + 2 * record.size());
}

TEST_CASE("a first record that is bad ends a job that allows none, whatever its writer says next") {
    std::string record;
    std::string payload;
    append_mxnet_record(payload, 1, 1, Bytes(50, 7));  // raw pixels of no usual size
    append_recordio(record, as_bytes(payload));
    std::size_t given = 0;
    DataOptions options;
    StreamReader reader(std::make_unique<EndlessSource>(record, given), channel_at("train"), DataFormat::recordio,
                        options);
    CHECK(given < 2 * BufferedInput::kWindow);
    CHECK(lacks(reader.next()->problem, {"raw pixels", "image_shape"}) == "");
    options.on_bad_record = BadRecordPolicy::skip;
    given = 0;
    const StreamReader skipping(std::make_unique<EndlessSource>(record, given), channel_at("train"),
                                DataFormat::recordio, options);
    CHECK(given < std::size_t{256} << 20U);  // it ends
}

TEST_CASE("a damaged payload is that record's problem, and on_bad_record decides") {
    std::string bytes;
    as_mxnet(bytes, picture(0), 0);
    append_recordio(bytes, as_bytes("not an image record"));
    as_mxnet(bytes, picture(2), 2);
    const auto message = file_error(bytes);
    CHECK(lacks(message,
                {"channel 'train'", "part-00000, record 1", "MXNet image record", "(byte ", "on_bad_record"}) == "");
    DataOptions options;
    options.on_bad_record = BadRecordPolicy::skip;
    const auto set = from_file(bytes, options);
    CHECK(set.labels == std::vector<std::int64_t>{0, 2});
    CHECK(set.skipped == 1);
}

TEST_CASE(
    "a TFRecord whose data do not fit their checksum may be passed over, one whose length does not ends the stream") {
    const auto good = written(as_example);
    auto bytes = good;
    bytes[std::size_t{5} * 3126 + 1000] ^= 1;
    CHECK(lacks(file_error(bytes), {"channel 'train'", "record 5 (byte 15630)", "checksum", "on_bad_record=skip"}) ==
          "");
    DataOptions options;
    options.on_bad_record = BadRecordPolicy::skip;
    const auto set = from_pipe(bytes, options);
    CHECK(set.size() == kRecords - 1);
    CHECK(set.skipped == 1);
    CHECK(set.labels[5] == label_of(6));
    bytes[std::size_t{7} * 3126] ^= 1;
    CHECK(lacks(file_error(bytes, options), {"record 7 (byte 21882)", "header", "checksum"}) == "");
}

TEST_CASE("an image in a stream that cannot be decoded is named with its place, record and byte") {
    std::string bytes;
    as_mxnet(bytes, picture(0), 0);
    const auto begins_at = text("(byte ", bytes.size(), ")");
    std::string payload;
    append_mxnet_record(payload, 1, 1, as_bytes("\xff\xd8\xff\xe0 no JPEG behind this"));
    append_recordio(bytes, as_bytes(payload));
    CHECK(lacks(file_error(bytes), {"channel 'train'", "part-00000, record 1", begins_at}) == "");
    CHECK(lacks(pipe_error(bytes), {"channel 'train'", "pass 0", "train_0", "record 1", begins_at}) == "");
}

TEST_CASE("a feature that the first record lacks is a matter of settings, not of skipping") {
    DataOptions options;
    options.label_feature = "clas";
    const auto message = file_error(written(as_example), options);
    CHECK(lacks(message, {"channel 'train'", "record 0 (byte 0)", "'clas'", "image (bytes)", "Set label_feature"}) ==
          "");
    CHECK(message.find("on_bad_record") == std::string::npos);
    options.on_bad_record = BadRecordPolicy::skip;
    CHECK(lacks(file_error(written(as_example), options), {"found none that can be decoded"}) == "");
}

TEST_CASE("CIFAR's records in RecordIO are read, one or a whole file in each record") {
    const auto expected = checksum(from_pipe(written(as_cifar)));
    std::string one_by_one;
    for (std::int64_t i = 0; i < kRecords; ++i) {
        std::string record;
        as_cifar(record, picture(i), i);
        append_recordio(one_by_one, as_bytes(record));
    }
    const auto all = written(as_cifar);
    std::string two_objects;
    append_recordio(two_objects, as_bytes(all.substr(0, std::size_t{50} * 3073)));
    append_recordio(two_objects, as_bytes(all.substr(std::size_t{50} * 3073)));
    for (const auto& bytes : {one_by_one, two_objects}) {
        CHECK(checksum(from_file(bytes)) == expected);
        CHECK(checksum(from_pipe(bytes)) == expected);
        CHECK(checksum(from_pipe(bytes, {}, RecordWrapper::recordio)) == expected);
        DataOptions options;
        options.format = DataFormat::cifar10;
        CHECK(checksum(from_pipe(bytes, options, RecordWrapper::recordio)) == expected);
    }
    std::string cut = two_objects;
    append_recordio(cut, as_bytes(all.substr(0, 3000)));
    CHECK(lacks(pipe_error(cut), {"pass 0", "record 2 (byte ", "within it, record 0", "mid-record"}) == "");
}

TEST_CASE("objects of records that the platform has wrapped in RecordIO are refused with the setting that is wrong") {
    std::string records;
    as_mxnet(records, picture(0), 0);
    const auto examples = written(as_example);
    const auto pipe = [](const std::string& object, const DataOptions& options = {}) {
        std::string bytes;
        append_recordio(bytes, as_bytes(object));
        return message_of<DataError>([&] { from_pipe(bytes, options, RecordWrapper::recordio); });
    };
    const char* advice = "Set RecordWrapperType to None for this channel.";
    CHECK(lacks(pipe(examples), {"pass 0", "record 0 (byte 0)", "found TFRecord data", advice}) == "");
    CHECK(lacks(pipe(records), {"pass 0", "record 0 (byte 0)", "found RecordIO data", advice}) == "");
    CHECK(lacks(pipe(gzipped(examples)), {"pass 0", "record 0 (byte 0)", "found gzip-compressed data", advice}) == "");
    DataOptions options;
    options.format = DataFormat::tfrecord;
    CHECK(lacks(pipe(examples, options),
                {"pass 0", "expected TFRecord (data_format says so), found RecordIO", advice}) == "");
    std::string bytes;
    append_recordio(bytes, as_bytes(examples));
    CHECK(lacks(file_error(bytes), {"part-00000, record 0", "found TFRecord data", "without RecordIO around"}) == "");
}

TEST_CASE("an unknown label-format names its channel") {
    const TempFolder folder;
    folder.write("part-00000", written(as_manifest));
    auto channel = channel_at(folder.path());
    channel.content_type = "application/x-image; label-format=one-hot";
    channel.name = "validation";
    DataOptions options;
    options.format = DataFormat::augmented_manifest;
    CHECK(lacks(message_of<ConfigError>([&] { load_samples(channel, options); }),
                {"channel 'validation'", "label-format", "'one-hot'", "class-id"}) == "");
}

TEST_CASE("damaged framing ends the stream whatever on_bad_record says") {
    auto bytes = written(as_example);
    bytes[bytes.size() - 3126] ^= 1;
    DataOptions options;
    options.on_bad_record = BadRecordPolicy::skip;
    CHECK(lacks(file_error(bytes, options), {"channel 'train'", "record 129", "byte"}) == "");
    bytes[bytes.size() - 3126] ^= 1;
    bytes.resize(bytes.size() - 100);
    CHECK(lacks(pipe_error(bytes, options), {"channel 'train'", "pass 0", "record 129", "mid-record"}) == "");
}

TEST_CASE("labels outside num_classes and streams of nothing or of something else are errors") {
    DataOptions options;
    options.num_classes = 5;
    for (const auto& append : {as_mxnet, as_manifest, as_example}) {
        CHECK(lacks(file_error(written(append), options), {"0..4"}) == "");
    }
    CHECK(lacks(pipe_error(""), {"channel 'train'", "pass 0", "without a byte"}) == "");
    CHECK(lacks(pipe_error("<html>no records</html>"), {"pass 0", "cannot tell the data format", "<html>"}) == "");
    CHECK(lacks(pipe_error(std::string(100, '\3')), {"pass 0", "record 0 (byte 0)", "ends after 100 bytes"}) == "");
    options = {};
    options.format = DataFormat::image_folder;
    CHECK(lacks(pipe_error(written(as_example), options), {"image_folder", "cannot come through a pipe"}) == "");
}

TEST_CASE("encoded images of several sizes are fitted, and raw ones among them are a problem") {
    std::string bytes;
    as_mxnet(bytes, picture(0), 0);
    std::string payload;
    append_mxnet_record(payload, 1, 1, png({{1, 48, 40}, Bytes(48 * 40, 7)}));
    append_recordio(bytes, as_bytes(payload));
    DataOptions options;
    options.image_shape = kShape;
    CHECK(from_file(bytes, options).size() == 2);
    payload.clear();
    append_mxnet_record(payload, 1, 1, picture(3));
    append_recordio(bytes, as_bytes(payload));
    CHECK(lacks(file_error(bytes, options), {"record 2", "expected an encoded image", "raw pixels of 3x32x32"}) == "");
}

TEST_CASE("grey images stay grey in every format, unless a colour one is among the first hundred") {
    const Image digit{{1, 28, 28}, Bytes(784, 9)};
    std::string records;
    std::string examples;
    for (int i = 0; i < 3; ++i) {
        std::string payload;
        append_mxnet_record(payload, i, 0, png(digit));
        append_recordio(records, as_bytes(payload));
        payload.clear();
        append_raw_example(payload, digit.pixels, digit.shape, i);
        append_tfrecord(examples, as_bytes(payload));
    }
    CHECK(from_file(records).shape == digit.shape);
    CHECK(from_file(examples).shape == digit.shape);
    CHECK(from_pipe(records).shape == digit.shape);
    std::string payload;
    append_mxnet_record(payload, 0, 0, png({{3, 28, 28}, Bytes(3 * 784, 9)}));
    append_recordio(records, as_bytes(payload));
    CHECK(from_file(records).shape == ImageShape{3, 28, 28});
}

TEST_CASE("a stream that cannot be read as data_format says names it, and what it looks like") {
    DataOptions options;
    options.format = DataFormat::cifar10;
    CHECK(lacks(pipe_error(written(as_example), options),
                {"as cifar10 because data_format says so, but it looks like tfrecord (", "leave data_format out"}) ==
          "");
    options.format = DataFormat::recordio;
    CHECK(lacks(pipe_error(written(as_cifar), options), {"it looks like cifar10 (has a label"}) == "");
}

TEST_CASE("one wild label is a sentence, not a network of a million outputs") {
    std::string bytes;
    for (const std::int64_t label : {0, 1, 2, 900'000}) {
        std::string payload;
        append_mxnet_record(payload, label, 0, png({kShape, picture(label)}));
        append_recordio(bytes, as_bytes(payload));
    }
    CHECK(lacks(file_error(bytes), {"channel 'train'", "900000", "4 different labels", "num_classes"}) == "");
}

TEST_CASE("raw pixels whose order cannot be seen ask for image_layout and name the channel") {
    std::string payload;
    append_raw_example(payload, Bytes(3072, 9), kShape, 1);
    std::string bytes;
    append_tfrecord(bytes, as_bytes(payload));
    CHECK(lacks(file_error(bytes), {"channel 'train'", "part-00000", "image_layout"}) == "");
}
