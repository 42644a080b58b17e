#include "support/catch.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/sample_set.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

ChannelSpec channel_at(const std::string& name, const TempFolder& folder) {
    ChannelSpec channel;
    channel.name = name;
    channel.path = folder.path();
    return channel;
}

std::string pair_error(const TempFolder& train, const TempFolder& validation, const DataOptions& options = {}) {
    const auto first = channel_at("train", train);
    const auto second = channel_at("validation", validation);
    return message_of<DataError>([&] { load_training_data(first, &second, nullptr, nullptr, options); });
}

}  // namespace

TEST_CASE("the test file of the train channel is never trained on and validates when nothing else does") {
    const TempFolder folder;
    write_cifar10(folder, "", 2, 30);
    const auto train = channel_at("train", folder);
    const auto alone = load_training_data(train, nullptr, nullptr, nullptr, {});
    CHECK(alone.train.size() == 60);
    REQUIRE(alone.validation.has_value());
    CHECK(alone.validation->size() == 30);
    CHECK(alone.validation->pixels[5] == cifar_pixel(1'000'000, 5));

    const TempFolder other;
    other.write("part.bin", cifar_records(7, 3));
    const auto validation = channel_at("validation", other);
    const auto both = load_training_data(train, &validation, nullptr, nullptr, {});
    CHECK(both.train.size() == 60);
    CHECK(both.validation->size() == 3);
    CHECK(both.validation->class_names == cifar10_names());  // this channel had no names of its own

    const auto whole = channel_at("validation", folder);
    CHECK(load_training_data(train, &whole, nullptr, nullptr, {}).validation->size() == 30);
}

TEST_CASE("CIFAR-100's test.bin is treated alike, and a train channel with nothing else is an error") {
    const TempFolder folder;
    write_cifar100(folder, "", 10);
    const auto data = load_training_data(channel_at("train", folder), nullptr, nullptr, nullptr, {});
    CHECK(data.train.size() == 10);
    CHECK(data.validation->size() == 10);
    std::filesystem::remove(folder.path() / "train.bin");
    const auto message =
        message_of<DataError>([&] { load_training_data(channel_at("train", folder), nullptr, nullptr, nullptr, {}); });
    CHECK(lacks(message, {"to train on", "only test.bin"}) == "");
}

TEST_CASE("without a validation channel or a test file there is no validation set") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 1);
    CHECK_FALSE(load_training_data(channel_at("train", folder), nullptr, nullptr, nullptr, {}).validation.has_value());
}

TEST_CASE("validation needs the classes and the size of train") {
    const TempFolder train;
    write_image_folder(train, "", {"a", "b"}, 1);
    const TempFolder classes;
    write_image_folder(classes, "", {"a", "c", "d"}, 1);
    CHECK(lacks(pair_error(train, classes),
                {"channel 'validation'", "2 classes", "'train'", "missing: b", "unknown: c, d"}) == "");
    const TempFolder larger;
    write_image_folder(larger, "", {"a", "b"}, 1, ".png", 48);
    CHECK(lacks(pair_error(train, larger), {"3x32x32", "3x48x48", "image_shape"}) == "");
    const TempFolder same;
    write_image_folder(same, "", {"a", "b"}, 3);
    CHECK(pair_error(train, same) == "nothing was thrown");
}

TEST_CASE("labels of a validation list are checked against the classes of train") {
    const TempFolder train;
    write_image_folder(train, "", {"a", "b"}, 1);
    train.write("t.lst", "0\t0\ta/0000.png\n1\t1\tb/0000.png\n");
    const TempFolder validation;
    write_image_folder(validation, "", {"a", "b"}, 1);
    validation.write("v.lst", "0\t0\ta/0000.png\n1\t2\tb/0000.png\n");
    CHECK(lacks(pair_error(train, validation), {"v.lst, line 2", "label '2'", "0..1"}) == "");
    validation.write("v.lst", "0\t0\ta/0000.png\n");
    const auto first = channel_at("train", train);
    const auto second = channel_at("validation", validation);
    CHECK(load_training_data(first, &second, nullptr, nullptr, {}).validation->class_names.size() == 2);
}
