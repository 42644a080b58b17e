#include "support/catch.hpp"
#include "support/channel_at.hpp"
#include "support/errors.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/sample_set.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string load_error(const TempFolder& folder, const DataOptions& options = {}) {
    return message_of<DataError>([&] { load_samples(channel_at(folder), options); });
}

}  // namespace

TEST_CASE("folders: classes in bytewise order, files sorted, folders below a class allowed") {
    const TempFolder folder;
    write_image_folder(folder, "", {"b", "a-z", "a"}, 3);  // red 0, 20, 40
    folder.write("a/deeper/0.PNG", plain_image(".png", 32, 32, 40, 200, 100));
    folder.write("a/notes.txt", "x");
    folder.write("a/.ipynb_checkpoints/0.png", "x");
    folder.write(".cache/0.png", "x");
    const auto set = load_samples(channel_at(folder), {});
    CHECK(set.class_names == std::vector<std::string>{"a", "a-z", "b"});
    REQUIRE(set.labels == std::vector<std::int64_t>{0, 0, 0, 0, 1, 1, 1, 2, 2, 2});
    const std::vector<int> red{40, 40, 40, 40, 20, 20, 20, 0, 0, 0};
    const std::vector<int> green{0, 1, 2, 200, 0, 1, 2, 0, 1, 2};
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(set.pixels[i * 3072] == red[i]);
        CHECK(set.pixels[i * 3072 + 1024] == green[i]);
    }
}

TEST_CASE("folders: images outside, empty classes, one folder too many and a wrong class count are errors") {
    const TempFolder outside;
    write_image_folder(outside, "", {"a", "b"}, 1);
    outside.write("stray.png", "x");
    CHECK(lacks(load_error(outside), {"channel 'train'", "stray.png", "class folder", ".lst"}) == "");

    const TempFolder empty;
    write_image_folder(empty, "", {"a", "b"}, 1);
    empty.write("void/readme.txt", "x");
    CHECK(lacks(load_error(empty), {"'void'", "no JPEG"}) == "");

    const TempFolder deep;
    write_image_folder(deep, "train", {"a", "b"}, 1);
    CHECK(lacks(load_error(deep), {"single class folder 'train'", "train/a/0000.png", "prefix"}) == "");

    const TempFolder two;
    write_image_folder(two, "", {"a", "b"}, 1);
    DataOptions options;
    options.num_classes = 3;
    CHECK(lacks(load_error(two, options), {"expected 3 class folders (num_classes)", "found 2: a, b"}) == "");
    options.num_classes = 2;
    CHECK(load_samples(channel_at(two), options).size() == 2);
}

TEST_CASE("images of different sizes need image_shape") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 2);
    folder.write("b/0001.png", plain_image(".png", 20, 30, 1, 2, 3));
    CHECK(lacks(load_error(folder), {"3x32x32 (a/0000.png, record 0)", "3x20x30 (b/0001.png, record 3)",
                                     "image_shape=3,64,64 (3,224,224 for fine detail)"}) == "");
    DataOptions options;
    options.image_shape = ImageShape{3, 8, 8};
    CHECK(load_samples(channel_at(folder), options).shape == ImageShape{3, 8, 8});
    options.image_shape = ImageShape{3, 16, 16};
    options.resize_short_side = 18;
    CHECK(load_samples(channel_at(folder), options).shape == ImageShape{3, 16, 16});
    options.resize_short_side = 12;
    const auto message = message_of<ConfigError>([&] { load_samples(channel_at(folder), options); });
    CHECK(lacks(message, {"resize", "3x16x16", "12"}) == "");
}

TEST_CASE("a damaged image is an error, or skipped and counted") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 40);
    const auto jpeg = noisy_image(".jpg", 32, 32);
    folder.write("a/0033.png", jpeg.substr(0, jpeg.size() / 2));
    folder.write("b/0007.png", "");
    CHECK(lacks(load_error(folder), {"channel 'train'", "a/0033.png, record 33", "cut off", "on_bad_record=skip"}) ==
          "");
    DataOptions options;
    for (const auto policy : {BadRecordPolicy::skip, BadRecordPolicy::skip_warn}) {
        options.on_bad_record = policy;
        const auto set = load_samples(channel_at(folder), options);
        CHECK(set.skipped == 2);
        CHECK(set.size() == 78);
        CHECK(set.pixels.size() == 78 * 3072);
        CHECK(set.pixels[33 * 3072 + 1024] == 34);
    }
}

TEST_CASE("a link to nothing says what it points to, whatever the format") {
    const TempFolder folder;
    write_image_folder(folder, "images", {"a", "b"}, 1);
    std::filesystem::create_symlink("gone.png", folder.path() / "images/a/1.png");
    for (const char* name : {"data_batch_1.bin", "part.tfrecord"}) {
        std::filesystem::create_directories(folder.path() / name);
        std::filesystem::create_symlink("gone.png", folder.path() / name / name);
    }
    std::filesystem::create_symlink("gone.png", folder.path() / "channel");
    for (const char* channel : {"images", "data_batch_1.bin", "part.tfrecord", "channel"}) {
        DataOptions options;
        if (channel == std::string_view("part.tfrecord")) options.format = DataFormat::tfrecord;
        CHECK(lacks(message_of<DataError>([&] { load_samples(channel_at(folder.path() / channel), options); }),
                    {"channel 'train'", "No such file", "a link to gone.png, which is not there", "mend the link"}) ==
              "");
    }
}

TEST_CASE("a channel of damaged images only has no samples") {
    const TempFolder folder;
    folder.write("a/0.png", "x");
    folder.write("b/0.png", "y");
    DataOptions options;
    options.on_bad_record = BadRecordPolicy::skip;
    CHECK(lacks(load_error(folder, options), {"found none that can be decoded"}) == "");
}
