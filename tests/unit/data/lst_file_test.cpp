#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/image_files_reader.hpp"
#include "tundish/data/sample_set.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string parse_error(const std::string& content, std::int64_t classes = 0) {
    return message_of<DataError>([&] { parse_lst(content, "channel 'train_lst', x.lst", classes); });
}

ChannelSpec channel_at(const std::string& name, const std::filesystem::path& path) {
    ChannelSpec channel;
    channel.name = name;
    channel.path = path;
    return channel;
}

}  // namespace

TEST_CASE("lines are separated by tabs or by white space, and paths may hold spaces") {
    const auto images = parse_lst(
        "\xEF\xBB\xBF"
        "5\t1\tcat/my cat.jpg\r\n\n7   0   dog/my dog.jpg\n8\t2.000000\t b.png \n9 3 c.png",
        "x", 0);
    REQUIRE(images.size() == 4);
    CHECK(images[0].file == "cat/my cat.jpg");
    CHECK(images[0].label == 1);
    CHECK(images[0].line == 1);
    CHECK(images[1].file == "dog/my dog.jpg");
    CHECK(images[1].line == 3);
    CHECK(images[2].file == "b.png");
    CHECK(images[2].label == 2);
    CHECK(images[3].file == "c.png");
}

TEST_CASE("bad lines are named") {
    CHECK(lacks(parse_error("0\t1\ta.jpg\n1\t2\n"),
                {"channel 'train_lst', x.lst", "line 2", "index label path", "1\?2"}) == "");
    CHECK(lacks(parse_error("index\tlabel\tpath\n"), {"line 1", "index label path"}) == "");
    CHECK(lacks(parse_error("0\tcat\ta.jpg\n"), {"line 1", "whole number", "'cat'"}) == "");
    CHECK(lacks(parse_error("0\t1.5\ta.jpg\n"), {"whole number", "'1.5'"}) == "");
    CHECK(lacks(parse_error("0\tnan\ta.jpg\n"), {"whole number", "'nan'"}) == "");
    CHECK(lacks(parse_error("0\t-1\ta.jpg\n"), {"'-1'", "count from 0"}) == "");
    CHECK(lacks(parse_error("0\t1e300\ta.jpg\n"), {"'1e300'", "outside 0.."}) == "");
    CHECK(lacks(parse_error("0\t0\t1\t0\ta.jpg\n"), {"several labels"}) == "");
    CHECK(lacks(parse_error("0\t3\ta.jpg\n", 3), {"label '3'", "0..2", "num_classes"}) == "");
    CHECK(parse_lst("0\t2\ta.jpg\n", "x", 3).size() == 1);
}

TEST_CASE("a list in its own channel or inside the images' channel gives samples in its order") {
    const TempFolder folder;
    write_image_folder(folder, "train", {"a", "b c"}, 2);
    const std::string list = "0\t2\tb c/0001.png\n1\t0\t./a/0000.png\n";
    folder.write("lists/x.lst", list);
    const auto train = channel_at("train", folder.path() / "train");
    const auto train_lst = channel_at("train_lst", folder.path() / "lists");
    const auto check = [](const SampleSet& set) {
        CHECK(set.labels == std::vector<std::int64_t>{2, 0});
        CHECK(set.class_names == std::vector<std::string>{"0", "1", "2"});
        CHECK(set.pixels[0] == 20);
        CHECK(set.pixels[1024] == 1);
        CHECK(set.pixels[3072] == 0);
    };
    check(load_training_data(train, nullptr, &train_lst, nullptr, {}).train);
    folder.write("train/x.lst", list);
    check(load_samples(train, {}));
    std::filesystem::remove(folder.path() / "train/x.lst");
    folder.write("train/b c/x.lst",
                 "0\t2\t0001.png\n1\t0\ta/0000.png\n");  // beside the list, or from the top
    check(load_samples(train, {}));
}

TEST_CASE("a missing image is named with its line, and one list is needed") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 1);
    folder.write("x.lst", "0\t0\ta/0000.png\n\n1\t1\t../b/none.png\n");
    const auto train = channel_at("train", folder.path());
    const auto error = [&] { return message_of<DataError>([&] { load_samples(train, {}); }); };
    CHECK(lacks(error(), {"channel 'train'", "'../b/none.png'", "x.lst", "line 3"}) == "");
    folder.write("y.lst", "");
    CHECK(lacks(error(), {"one .lst file", "x.lst, y.lst"}) == "");
    std::filesystem::remove(folder.path() / "x.lst");
    CHECK(lacks(error(), {"y.lst", "empty list"}) == "");
}

TEST_CASE("a damaged image of a list is named with record and line") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a"}, 1);
    folder.write("a/bad.png", "GIF89a");
    folder.write("x.lst", "0\t0\ta/0000.png\n\n1\t0\ta/bad.png\n");
    const auto message = message_of<DataError>([&] { load_samples(channel_at("train", folder.path()), {}); });
    CHECK(lacks(message, {"a/bad.png, record 1 (x.lst, line 3)", "GIF"}) == "");
}
