#include "support/catch.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/gzip_bytes.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/channel_reader.hpp"
#include "tundish/data/record_frames.hpp"
#include "tundish/data/sample_set.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

OpenedChannel opened(const TempFolder& folder, const std::string& content_type = "",
                     DataFormat wanted = DataFormat::automatic, const ChannelSpec* lst = nullptr) {
    ChannelSpec channel;
    channel.name = "train";
    channel.path = folder.path();
    channel.content_type = content_type;
    return open_channel(channel, lst, wanted);
}

}  // namespace

TEST_CASE("format names go both ways and a wrong one lists them all") {
    for (const auto format :
         {DataFormat::automatic, DataFormat::cifar10, DataFormat::cifar100, DataFormat::image_folder, DataFormat::lst,
          DataFormat::recordio, DataFormat::tfrecord, DataFormat::augmented_manifest, DataFormat::idx}) {
        CHECK(data_format_from_text(to_text(format)) == format);
    }
    CHECK(data_format_from_text("CIFAR-10") == DataFormat::cifar10);
    const auto message = message_of<ConfigError>([] { data_format_from_text("image_foldr"); });
    CHECK(lacks(message, {"'image_foldr'", "auto", "cifar10", "cifar100", "lst", "mean image_folder?"}) == "");
}

TEST_CASE("the files decide when nothing else does") {
    const TempFolder cifar;
    write_cifar10(cifar, "", 1, 1);
    CHECK(opened(cifar).format == DataFormat::cifar10);
    CHECK(opened(cifar, "application/octet-stream").format == DataFormat::cifar10);
    const TempFolder hundred;
    write_cifar100(hundred, "", 1);
    CHECK(opened(hundred).format == DataFormat::cifar100);
    const TempFolder images;
    write_image_folder(images, "", {"a", "b"}, 1);
    CHECK(opened(images).format == DataFormat::image_folder);
    CHECK(opened(images).reason.find("a/0000.png") != std::string::npos);
    images.write("x.lst", "0\t0\ta/0000.png\n");
    CHECK(opened(images).format == DataFormat::lst);
}

TEST_CASE("data_format comes before a list channel, that before the content type, that before the files") {
    const TempFolder images;
    write_image_folder(images, "", {"a", "b"}, 1);
    const TempFolder list;
    list.write("x.lst", "0\t0\ta/0000.png\n");
    ChannelSpec lst;
    lst.name = "train_lst";
    lst.path = list.path();
    CHECK(opened(images, "image/png; charset=x", DataFormat::automatic, &lst).format == DataFormat::lst);
    CHECK(opened(images, "", DataFormat::image_folder, &lst).format == DataFormat::image_folder);
    images.write("weights.bin", "x");
    CHECK(opened(images, "Application/X-Image").format == DataFormat::image_folder);
    CHECK(opened(images, "application/x-image").reason.find("application/x-image") != std::string::npos);
}

TEST_CASE("record files are told by their content type or their first bytes, whatever their names") {
    std::string rec;
    append_recordio(rec, as_bytes("payload"));
    std::string tf;
    append_tfrecord(tf, as_bytes("payload"));
    const TempFolder folder;
    folder.write("part-0", rec);
    folder.write("part-0.idx", "0\t0\n");
    folder.write("readme.txt", "x");
    CHECK(opened(folder, "").format == DataFormat::recordio);
    CHECK_THAT(opened(folder, "").reason, contains_text("part-0 begins with RecordIO's magic number"));
    CHECK(opened(folder, "application/tfrecord").format == DataFormat::tfrecord);
    folder.write("part-0", tf);
    CHECK(opened(folder, "").format == DataFormat::tfrecord);
    CHECK(opened(folder, "application/x-recordio").format == DataFormat::recordio);
    folder.write("part-0", gzipped(tf));
    CHECK(opened(folder, "").format == DataFormat::tfrecord);
    folder.write("part-", "");  // a part without a byte comes first
    CHECK(opened(folder, "").format == DataFormat::tfrecord);
    const TempFolder mnist;
    mnist.write("train-images-idx3-ubyte.gz", "x");
    CHECK(opened(mnist, "").format == DataFormat::idx);
}

TEST_CASE("images that lie beside records, but not in class folders, are no image folder") {
    std::string tf;
    append_tfrecord(tf, as_bytes("payload"));
    for (const char* stray : {"loss.png", "plots/loss.png"}) {
        const TempFolder records;
        records.write("part-0", tf);
        records.write(stray, plain_image(".png", 8, 8, 1, 2, 3));
        const auto message = message_of<DataError>([&] { opened(records); });
        CHECK(lacks(message, {"channel 'train': found tfrecord (part-0 begins with", stray, "class folders",
                              "data_format=tfrecord"}) == "");
        const TempFolder cifar;
        write_cifar10(cifar, "", 1, 1);
        cifar.write(stray, plain_image(".png", 8, 8, 1, 2, 3));
        CHECK_THAT(message_of<DataError>([&] { opened(cifar); }), contains_text("data_format=cifar10"));
    }
    const TempFolder images;
    write_image_folder(images, "", {"a", "b"}, 1);
    images.write("part-0", tf);
    CHECK(opened(images).format == DataFormat::image_folder);
}

TEST_CASE("images beside records are left out where data_format says what the records are") {
    const TempFolder folder;
    std::string payload;
    append_encoded_example(payload, as_bytes(plain_image(".png", 8, 8, 1, 2, 3)), 0);
    std::string tf;
    append_tfrecord(tf, as_bytes(payload));
    folder.write("part-0", tf);
    folder.write("loss.png", plain_image(".png", 8, 8, 1, 2, 3));
    DataOptions options;
    options.format = DataFormat::tfrecord;
    ChannelSpec channel;
    channel.path = folder.path();
    CHECK(load_samples(channel, options).size() == 1);
}

TEST_CASE("data that cannot be read as data_format says name it, and what they look like") {
    const TempFolder cifar;
    write_cifar10(cifar, "", 1, 4);
    const TempFolder images;
    write_image_folder(images, "", {"a", "b"}, 1);
    const TempFolder records;
    std::string bytes;
    append_tfrecord(bytes, as_bytes("payload"));
    records.write("part-0", bytes);
    struct Case {
        const TempFolder& folder;
        DataFormat wanted;
        const char* found;
    };
    for (const auto& [folder, wanted, found] :
         {Case{cifar, DataFormat::idx, "cifar10 (found data_batch_1.bin)"}, Case{cifar, DataFormat::lst, "cifar10 ("},
          Case{cifar, DataFormat::image_folder, "cifar10 ("}, Case{cifar, DataFormat::tfrecord, "cifar10 ("},
          Case{images, DataFormat::cifar10, "image_folder (found images"},
          Case{images, DataFormat::recordio, "image_folder ("},
          Case{records, DataFormat::recordio, "tfrecord (part-0 begins with"}}) {
        DataOptions options;
        options.format = wanted;
        const auto message =
            message_of<DataError>([&] { make_record_reader(opened(folder, "", wanted), DataPart::train, options); });
        CHECK(lacks(message, {"channel 'train'", text("as ", to_text(wanted), " because data_format says so"),
                              text("but it looks like ", found), "leave data_format out"}) == "");
    }
}

TEST_CASE("damage in data of the right data_format is no doubt about it") {
    const TempFolder cifar;
    cifar.write("data_batch_1.bin", cifar_records(0, 3) + "x");
    DataOptions options;
    options.format = DataFormat::cifar10;
    const auto message =
        message_of<DataError>([&] { make_record_reader(opened(cifar, "", options.format), DataPart::train, options); });
    CHECK_THAT(message, contains_text("1 bytes are left") && !contains_text("because data_format"));
}

TEST_CASE("a channel of something else says what was found") {
    const TempFolder folder;
    folder.write("train.h5", "\x89HDF\r\n\x1a\n");
    const auto message = message_of<DataError>([&] { opened(folder, "application/x-hdf"); });
    CHECK(lacks(message, {"channel 'train'", "train.h5", "RecordIO", "application/x-hdf", "data_format"}) == "");
}
