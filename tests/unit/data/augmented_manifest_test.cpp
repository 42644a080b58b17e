// Images and labels in turn, as the platform makes a stream of an augmented manifest.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/record_streams.hpp"

using namespace tundish;
using namespace tundish::testing;

TEST_CASE("the log calls an augmented manifest by its name, and why, whether it was told or found out") {
    const auto manifest = written(as_manifest);
    const auto found = "augmented_manifest (RecordWrapperType is RecordIO, and its first record is a bare image)";
    CHECK_THAT(logged_by([&] { from_pipe(manifest, {}, RecordWrapper::recordio); }),
               contains_text(text("channel 'train': Pipe mode, format ", found)));
    CHECK_THAT(
        logged_by([&] { from_file(manifest); }),
        contains_text("format augmented_manifest (part-00000 begins with RecordIO's magic number, and its first"));
    DataOptions options;
    options.format = DataFormat::augmented_manifest;
    CHECK_THAT(logged_by([&] { from_pipe(manifest, options); }), contains_text("_manifest (data_format says so)"));
    CHECK_THAT(logged_by([&] { from_pipe(written(as_mxnet)); }), contains_text("format recordio (the stream"));
}

TEST_CASE("an augmented manifest whose attributes are out of step names the record that broke it") {
    std::string bytes;
    as_manifest(bytes, picture(0), 0);
    append_recordio(bytes, png({kShape, picture(1)}));
    append_recordio(bytes, png({kShape, picture(2)}));
    CHECK(lacks(file_error(bytes), {"record 3", "label"}) == "");

    std::string metadata;
    as_manifest(metadata, picture(0), 0);
    append_recordio(metadata, as_bytes("{\"confidence\": 0.9}"));
    CHECK(lacks(file_error(metadata), {"record 2", "expected an image", "attribute"}) == "");

    std::string only_images;
    append_recordio(only_images, png({kShape, picture(0)}));
    CHECK(lacks(file_error(only_images), {"ends after an image", "Images alone have no labels"}) == "");
}

TEST_CASE("a pair of an augmented manifest that is in step but no sample is that pair's problem") {
    const auto with = [](const Bytes& image, const std::string& label) {
        std::string bytes;
        as_manifest(bytes, picture(0), 0);
        append_recordio(bytes, image);
        append_recordio(bytes, as_bytes(label));
        as_manifest(bytes, picture(2), 2);
        return bytes;
    };
    const Bytes gif{'G', 'I', 'F', '8', '9', 'a'};
    DataOptions options;
    options.num_classes = 3;
    for (const auto& bytes : {with(png({kShape, picture(1)}), "7"), with(png({kShape, picture(1)}), "[1, 1, 0]"),
                              with({}, "1"), with(gif, "1")}) {
        options.on_bad_record = BadRecordPolicy::error;
        CHECK(lacks(file_error(bytes, options), {"channel 'train'", "record ", "on_bad_record"}) == "");
        options.on_bad_record = BadRecordPolicy::skip;
        const auto set = from_file(bytes, options);
        CHECK(set.labels == std::vector<std::int64_t>{0, 2});
        CHECK(set.skipped == 1);
    }
}

TEST_CASE("a first record that is half of a pair, or no image that is read, says so") {
    std::string label_first;
    append_recordio(label_first, as_bytes("3"));
    append_recordio(label_first, png({kShape, picture(0)}));
    CHECK(lacks(file_error(label_first), {"record 0", "'3'", "image attribute first"}) == "");
    std::string gif;
    append_recordio(gif, as_bytes("GIF89a and all that follows in such a file"));
    append_recordio(gif, as_bytes("3"));
    CHECK(lacks(file_error(gif), {"record 0", "a GIF image", "JPEG, PNG, BMP or WebP"}) == "");
}

TEST_CASE("images that are wrapped in RecordIO without labels are refused with what to use instead") {
    std::string bytes;
    for (std::int64_t i = 0; i < 3; ++i) append_recordio(bytes, png({kShape, picture(i)}));
    const auto message = message_of<DataError>([&] { from_pipe(bytes, {}, RecordWrapper::recordio); });
    CHECK(lacks(message, {"record 1 (byte ", "found another image", "augmented manifest", "pack --to mxnet"}) == "");
}

TEST_CASE("label-format counts in image records, too") {
    std::string payload;
    append_le(payload, std::uint32_t{2});  // labels in a list
    payload.append(20, '\0');
    for (const float value : {0.0F, 1.0F}) append_le(payload, value);
    payload += as_text(png({kShape, picture(0)}));
    const TempFolder folder;
    std::string bytes;
    append_recordio(bytes, as_bytes(payload));
    folder.write("part-00000", bytes);
    auto channel = channel_at(folder.path());
    CHECK(load_samples(channel, {}).labels == std::vector<std::int64_t>{1});
    channel.content_type = "application/x-recordio; label-format=class-id";
    CHECK(lacks(message_of<DataError>([&] { load_samples(channel, {}); }), {"record 0", "names 2 classes"}) == "");
}
