#include "tundish/data/idx_reader.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/gzip_bytes.hpp"
#include "support/idx_files.hpp"
#include "support/stopped_child.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"
#include "tundish/data/sample_set.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

ChannelFiles files_of(const TempFolder& folder) {
    ChannelSpec channel;
    channel.name = "train";
    channel.path = folder.path();
    return list_channel(channel);
}

std::int64_t wrong_pixels(const std::uint8_t* pixels, std::uint32_t image) {
    std::int64_t wrong = 0;
    for (std::uint32_t at = 0; at < 784; ++at) wrong += pixels[at] == idx_pixel(image, at) ? 0 : 1;
    return wrong;
}

/// Reads all, first `one_by_one` images with next(), then the others at once.
SampleSet read(const TempFolder& folder, DataPart part = DataPart::train, std::int64_t classes = 0,
               int one_by_one = 0) {
    IdxReader reader(files_of(folder), part, classes);
    SampleSet set;
    for (int i = 0; i < one_by_one; ++i) {
        const auto record = reader.next();
        if (!record) break;
        set.labels.push_back(record->label);
        set.pixels.insert(set.pixels.end(), record->payload.begin(), record->payload.end());
    }
    reader.read_all_into(set);
    return set;
}

std::string error(const TempFolder& folder, std::int64_t classes = 0) {
    return message_of<DataError>([&] { read(folder, DataPart::all, classes); });
}

}  // namespace

TEST_CASE("IDX: images, labels and order are those of the files, plain or gzip, one by one or at once") {
    const TempFolder plain;
    write_mnist(plain, 25, 7);
    const TempFolder packed;
    for (const std::string name :
         {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
        packed.write("mnist/" + name + ".gz", gzipped(plain.read(name)));
    }
    packed.write("mnist/readme.txt", "not data");
    for (const TempFolder* folder : {&plain, &packed}) {
        IdxReader reader(files_of(*folder), DataPart::train, 0);
        CHECK(reader.raw_shape() == ImageShape{1, 28, 28});
        CHECK(reader.class_count() == 10);
        CHECK(reader.size_hint() == 25);
        for (const int one_by_one : {0, 1, 24, 25, 26}) {
            const auto set = read(*folder, DataPart::train, 0, one_by_one);
            REQUIRE(set.size() == 25);
            REQUIRE(set.pixels.size() == 25U * 784);
            std::int64_t wrong = 0;
            for (std::uint32_t i = 0; i < 25; ++i) wrong += wrong_pixels(&set.pixels[i * 784], i);
            CHECK(wrong == 0);
            CHECK(set.labels[13] == 3);
        }
    }
}

TEST_CASE("IDX: the test files are read when they are meant") {
    const TempFolder folder;
    write_mnist(folder, 25, 7);
    CHECK(read(folder, DataPart::train).size() == 25);
    CHECK(read(folder, DataPart::all, 0, 26).size() == 32);
    for (const auto part : {DataPart::test, DataPart::evaluation}) {
        const auto set = read(folder, part);
        REQUIRE(set.size() == 7);
        CHECK(wrong_pixels(set.pixels.data(), 1000) == 0);
    }
    const TempFolder only_train;
    only_train.write("train-images.idx3-ubyte", idx_images(0, 3));
    only_train.write("train-labels.idx1-ubyte", idx_labels(0, 3));
    CHECK(read(only_train, DataPart::evaluation).size() == 3);
    CHECK(lacks(message_of<DataError>([&] { read(only_train, DataPart::test); }), {"images to read", "none"}) == "");
}

TEST_CASE("IDX: a record tells its place") {
    const TempFolder folder;
    write_mnist(folder, 3, 2);
    IdxReader reader(files_of(folder), DataPart::all, 0);
    for (int i = 0; i < 4; ++i) REQUIRE(reader.next());
    const auto last = reader.next();
    REQUIRE(last);
    CHECK(last->index == 4);
    CHECK(last->label == 1);
    CHECK(last->origin == "t10k-images-idx3-ubyte, record 1");
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.next());
}

TEST_CASE("IDX: classes are counted, and labels out of range are named") {
    const TempFolder folder;
    folder.write("emnist-letters-train-images-idx3-ubyte", idx_images(0, 40));
    folder.write("emnist-letters-train-labels-idx1-ubyte", idx_labels(0, 40, 27));
    CHECK(IdxReader(files_of(folder), DataPart::train, 0).class_count() == 27);
    CHECK(IdxReader(files_of(folder), DataPart::train, 47).class_count() == 47);
    CHECK(lacks(error(folder, 10), {"channel 'train', emnist-letters-train-labels-idx1-ubyte, record 10 (byte 18)",
                                    "label 10", "0..9", "num_classes"}) == "");
}

TEST_CASE("IDX: files that do not belong together") {
    const TempFolder folder;
    folder.write("train-images-idx3-ubyte", idx_images(0, 5));
    CHECK(lacks(error(folder), {"train-labels-idx1-ubyte", "found none"}) == "");
    folder.write("train-labels-idx1-ubyte.gz", gzipped(idx_labels(0, 4)));
    CHECK(lacks(error(folder), {"5 images in train-images-idx3-ubyte", "4 labels in train-labels-idx1-ubyte.gz"}) ==
          "");
    folder.write("train-labels-idx1-ubyte", idx_labels(0, 5));  // the plain file counts
    CHECK(read(folder).size() == 5);
    folder.write("t10k-images-idx3-ubyte", idx_images(0, 5, 14, 14));
    folder.write("t10k-labels-idx1-ubyte", idx_labels(0, 5));
    CHECK(lacks(error(folder), {"one size", "1x28x28", "1x14x14"}) == "");
    const TempFolder none;
    none.write("mnist.npz", "PK");
    CHECK(lacks(error(none), {"expected IDX files", "mnist.npz"}) == "");
}

TEST_CASE("IDX: headers that are none") {
    const TempFolder folder;
    folder.write("train-labels-idx1-ubyte", idx_labels(0, 5));
    const auto with = [&](const std::string& images) {
        folder.write("train-images-idx3-ubyte", images);
        return error(folder);
    };
    CHECK(lacks(with(idx_labels(0, 5)),
                {"train-images-idx3-ubyte", "images (magic number 0x00000803)", "labels (0x00000801)"}) == "");
    CHECK(lacks(with("<html>not found</html>"), {"text that begins '<html>"}) == "");
    CHECK(lacks(with(idx_header(0xD03, {5, 28, 28})), {"another kind", "0x00000d03"}) == "");
    CHECK(lacks(with(idx_header(0x803, {5, 28})), {"header of 16 bytes", "found 12"}) == "");
    CHECK(lacks(with(""), {"header of 16 bytes", "found 0"}) == "");
    CHECK(lacks(with(idx_header(0x803, {5, 0, 28})), {"found 0 x 28"}) == "");
    CHECK(lacks(with(idx_header(0x803, {5, 0xFFFFFFFF, 0xFFFFFFFF})), {"4294967295 x 4294967295"}) == "");
    CHECK(lacks(with(idx_images(0, 5) + "x"), {"3936 bytes", "found 3937"}) == "");
    CHECK(lacks(with(idx_images(0, 5).substr(0, 2000)), {"announces 5 images of 28 x 28", "3936 bytes", "found 2000",
                                                         "record 2 (byte 1584) is cut off"}) == "");
}

TEST_CASE("IDX: a gzip header that claims what it cannot hold costs no memory") {
    const TempFolder folder;
    folder.write("train-images-idx3-ubyte.gz", gzipped(idx_header(0x803, {0xFFFFFFFF, 5000, 5000})));
    folder.write("train-labels-idx1-ubyte", idx_labels(0, 5));
    CHECK(lacks(error(folder), {"announces 4294967295 images", "bytes of gzip data"}) == "");
}

TEST_CASE("IDX: whatever the cut, the message says where") {
    const auto images = idx_images(0, 5);
    const TempFolder folder;
    folder.write("train-labels-idx1-ubyte", idx_labels(0, 5));
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto cut = static_cast<std::size_t>(random_below(static_cast<std::int64_t>(images.size()), {13, i}));
        const bool packed = i % 2 == 0;
        const auto cut_images = images.substr(0, cut);
        folder.write(packed ? "train-images-idx3-ubyte.gz" : "train-images-idx3-ubyte",
                     packed ? gzipped(cut_images, 1) : cut_images);
        const auto whole = cut < 16 ? 0 : (cut - 16) / 784;
        const auto place = cut < 16
                               ? "found " + std::to_string(cut) + " bytes"
                               : "record " + std::to_string(whole) + " (byte " + std::to_string(16 + whole * 784) + ")";
        wrong += lacks(error(folder), {"channel 'train', train-images-idx3-ubyte", place, "upload it again"}).empty()
                     ? 0
                     : 1;
        std::filesystem::remove(folder.path() / "train-images-idx3-ubyte");
    }
    CHECK(wrong == 0);
}

TEST_CASE("IDX: a stop ends the reading") {
    const TempFolder folder;
    write_mnist(folder, 5, 5);
    CHECK(stop_ends([&] {
        while (true) read(folder);
    }));
}
