#include "tundish/data/pack.hpp"

#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/hex.hpp"
#include "support/image_files.hpp"
#include "support/logged.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/mxnet_record.hpp"
#include "tundish/data/record_frames.hpp"
#include "tundish/data/sample_set.hpp"
#include "tundish/data/shard_writer.hpp"
#include "tundish/data/tf_image.hpp"

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

PackOptions options_for(const TempFolder& folder, PackFormat format) {
    PackOptions options;
    options.format = format;
    options.in = folder.path() / "in";
    options.out = folder.path() / "out" / "train";
    return options;
}

// Whole payloads of a RecordIO file; tests only pack what is not split.
std::vector<std::string> recordio_payloads(std::string_view bytes) {
    std::vector<std::string> payloads;
    while (!bytes.empty()) {
        const std::size_t size = load_le<std::uint32_t>(as_bytes(bytes).data() + 4);
        payloads.emplace_back(bytes.substr(8, size));
        bytes.remove_prefix(8 + size + recordio_padding(size));
    }
    return payloads;
}

std::vector<std::string> tfrecord_payloads(std::string_view bytes) {
    std::vector<std::string> payloads;
    while (!bytes.empty()) {
        const auto size = static_cast<std::size_t>(load_le<std::uint64_t>(as_bytes(bytes).data()));
        payloads.emplace_back(bytes.substr(12, size));
        bytes.remove_prefix(16 + size);
    }
    return payloads;
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

template <typename Kind>
std::string pack_error(const PackOptions& options) {
    return message_of<Kind>([&] { pack(options); });
}

}  // namespace

TEST_CASE("an image folder becomes MXNet image records, the images as they are") {
    const TempFolder folder;
    write_image_folder(folder, "in", {"cat", "dog"}, 40);
    pack(options_for(folder, PackFormat::recordio));
    CHECK(names_in(folder.path() / "out/train") == std::vector<std::string>{"part-00000.rec"});
    const auto payloads = recordio_payloads(folder.read("out/train/part-00000.rec"));
    REQUIRE(payloads.size() == 80);
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        const auto record = parse_mxnet_record(as_bytes(payloads[i]));
        CHECK(record.label == static_cast<std::int64_t>(i / 40));
        CHECK(record.id == i);
        const int number = static_cast<int>(i % 40);
        CHECK(as_text(record.image) == plain_image(".png", 32, 32, 20 * static_cast<int>(i / 40), number, 100));
    }
    CHECK(folder.read("out/class_names.train.txt") == "cat\ndog\n");
}

TEST_CASE("a list and encoded images become image/encoded and image/class/label") {
    const TempFolder folder;
    write_image_folder(folder, "in", {"a", "b"}, 2);
    folder.write("in/x.lst", "0\t5\tb/0001.png\n1\t3\ta/0000.png\n");
    pack(options_for(folder, PackFormat::tfrecord));
    const auto payloads = tfrecord_payloads(folder.read("out/train/part-00000.tfrecord"));
    REQUIRE(payloads.size() == 2);
    TfExample example;
    example.parse(as_bytes(payloads[0]));
    CHECK(example.describe() == "image/encoded (bytes), image/format (bytes), image/class/label (integers)");
    CHECK(read_tf_image(example, {}).label == 5);
    CHECK(as_text(read_tf_image(example, {}).image) == folder.read("in/b/0001.png"));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "out/class_names.train.txt"));
}

TEST_CASE("CIFAR pixels stay planar in TFRecords and become PNG in image records, or stay raw on demand") {
    const TempFolder folder;
    folder.write("in/data_batch_1.bin", cifar_records(0, 30));
    pack(options_for(folder, PackFormat::tfrecord));
    const auto file = folder.read("out/train/part-00000.tfrecord");
    CHECK(file.size() == std::size_t{30} * 3126);
    const auto pixels = cifar_record(2, 12).substr(1);
    TfExample example;
    const auto payload = tfrecord_payloads(file)[12];
    example.parse(as_bytes(payload));
    CHECK(as_text(read_tf_image(example, {}).image) == pixels);
    CHECK(read_tf_image(example, {}).label == 2);

    auto options = options_for(folder, PackFormat::recordio);
    options.out = folder.path() / "png/";
    pack(options);
    const auto encoded = recordio_payloads(folder.read("png/part-00000.rec"))[12];
    const auto image = decode_image(parse_mxnet_record(as_bytes(encoded)).image, 3);
    CHECK(as_text(image.pixels) == pixels);

    options.out = folder.path() / "raw";
    options.raw = true;
    pack(options);
    const auto raw = recordio_payloads(folder.read("raw/part-00000.rec"))[12];
    CHECK(as_text(parse_mxnet_record(as_bytes(raw)).image) == pixels);
}

TEST_CASE("what is packed to cifar is read as the same samples") {
    const TempFolder folder;
    write_image_folder(folder, "in", {"a", "b", "c"}, 3, ".png", 48);
    pack(options_for(folder, PackFormat::cifar));
    const ChannelSpec channel{"train", folder.path() / "out/train", {}, {}, {}, {}};
    const auto set = load_samples(channel, {});
    CHECK(set.labels == std::vector<std::int64_t>{0, 0, 0, 1, 1, 1, 2, 2, 2});
    CHECK(set.pixels[3072 * 4] == 20);
    CHECK(set.pixels[3072 * 4 + 1024] == 1);
}

TEST_CASE("what is packed to cifar tells how to keep the number of classes, and the names do") {
    const TempFolder folder;
    write_image_folder(folder, "in", {"a", "b", "c"}, 3);
    const auto options = options_for(folder, PackFormat::cifar);
    const auto log = logged_by([&] { pack(options); });
    CHECK(lacks(log, {"num_classes=3", class_names_file(options).string(), "as batches.meta.txt"}) == "");
    std::filesystem::rename(class_names_file(options), options.out / "batches.meta.txt");
    const ChannelSpec channel{"train", options.out, {}, {}, {}, {}};
    CHECK(load_samples(channel, {}).class_names == std::vector<std::string>{"a", "b", "c"});
    DataOptions streamed;
    streamed.cache = CacheMode::none;
    CHECK(load_training_data(channel, nullptr, nullptr, nullptr, streamed).train.class_names.size() == 3);
}

TEST_CASE("more than ten classes become CIFAR-100's records") {
    const TempFolder folder;
    std::vector<std::string> classes;
    for (int i = 0; i < 12; ++i) classes.push_back(std::string("class") + static_cast<char>('a' + i));
    write_image_folder(folder, "in", classes, 1);
    pack(options_for(folder, PackFormat::cifar));
    const auto file = folder.read("out/train/part-00000.bin");
    CHECK(file.size() == std::size_t{12} * 3074);
    CHECK(file[std::size_t{11} * 3074 + 1] == 11);
    const ChannelSpec channel{"train", folder.path() / "out/train", {}, {}, {}, {}};
    CHECK(load_samples(channel, {}).class_names.size() == 100);
}

TEST_CASE("files are cut at the given size, never within a record") {
    const TempFolder folder;
    folder.write("in/data_batch_1.bin", cifar_records(0, 30));
    auto options = options_for(folder, PackFormat::cifar);
    options.shard_bytes = 10 * 3073 + 5;
    pack(options);
    CHECK(names_in(options.out) == std::vector<std::string>{"part-00000.bin", "part-00001.bin", "part-00002.bin"});
    CHECK(folder.read("out/train/part-00001.bin") == cifar_records(10, 10));
    options.shard_bytes = 1;
    options.out = folder.path() / "tiny";
    pack(options);
    CHECK(names_in(options.out).size() == 30);
}

TEST_CASE("CIFAR's test images are left out unless asked for") {
    const TempFolder folder;
    write_cifar10(folder, "in", 2, 5);
    auto options = options_for(folder, PackFormat::cifar);
    pack(options);
    CHECK(folder.read("out/train/part-00000.bin") == cifar_records(0, 10));
    CHECK(lacks(folder.read("out/class_names.train.txt"), {"airplane\nautomobile\n"}) == "");
    options.out = folder.path() / "test";
    options.part = DataPart::test;
    pack(options);
    CHECK(folder.read("test/part-00000.bin") == cifar_records(1'000'000, 5));
    options.out = folder.path() / "all";
    options.part = DataPart::all;
    pack(options);
    CHECK(folder.read("all/part-00000.bin").size() == std::size_t{15} * 3073);
}

TEST_CASE("nothing is written over") {
    const TempFolder folder;
    folder.write("in/data_batch_1.bin", cifar_records(0, 3));
    folder.write("out/train/old.bin", "old");
    const auto options = options_for(folder, PackFormat::cifar);
    CHECK(lacks(pack_error<ConfigError>(options), {"is not empty", "old.bin"}) == "");
    std::filesystem::remove_all(folder.path() / "out/train");
    folder.write("out/train", "a file");
    CHECK(lacks(pack_error<ConfigError>(options), {"is a file"}) == "");
    std::filesystem::remove(folder.path() / "out/train");
    folder.write("out/class_names.train.txt", "a");
    CHECK(lacks(pack_error<ConfigError>(options), {"class_names.train.txt", "exists already"}) == "");
    CHECK_FALSE(std::filesystem::exists(folder.path() / "out/train"));
}

TEST_CASE("a failure leaves no files and names the image") {
    const TempFolder folder;
    write_image_folder(folder, "in", {"a", "b"}, 300);
    folder.write("in/b/bad.png", "GIF89a");
    auto options = options_for(folder, PackFormat::recordio);
    options.shard_bytes = 1000;
    CHECK(lacks(pack_error<DataError>(options), {"b/bad.png, record 600", "GIF"}) == "");
    CHECK_FALSE(std::filesystem::exists(options.out));
    CHECK_FALSE(std::filesystem::exists(class_names_file(options)));
}

TEST_CASE("a damaged record ends the packing, whatever the format, and is named") {
    const TempFolder folder;
    std::string bytes;
    std::size_t second = 0;
    for (int i = 0; i < 3; ++i) {
        if (i == 1) second = bytes.size();
        std::string payload;
        append_encoded_example(payload, as_bytes(plain_image(".png", 32, 32, i, 0, 0)), i);
        append_tfrecord(bytes, as_bytes(payload));
    }
    bytes[second + 40] ^= 1;
    folder.write("in/part-0.tfrecord", bytes);
    for (const auto format : {PackFormat::recordio, PackFormat::tfrecord, PackFormat::cifar}) {
        const auto options = options_for(folder, format);
        CHECK(lacks(pack_error<DataError>(options), {"part-0.tfrecord, record 1 (byte ", "checksum"}) == "");
        CHECK_FALSE(std::filesystem::exists(options.out));
    }
}

TEST_CASE("a pack that is killed leaves no file under a final name, and the next one clears what it left") {
    for (const bool there_already : {false, true}) {
        const TempFolder folder;
        const auto out = folder.path() / "out";
        if (there_already) std::filesystem::create_directory(out);
        CHECK(exit_code_of([&] {
                  ShardWriter writer(out, ".rec", 100);
                  for (int i = 0; i < 5; ++i) writer.write(std::string(90, 'x'));
                  return ::raise(SIGKILL);
              }) == 1000 + SIGKILL);
        CHECK_FALSE(std::filesystem::exists(out / "part-00000.rec"));
        ShardWriter writer(out, ".rec", 100);
        writer.write("whole");
        writer.finish();
        CHECK(names_in(out) == std::vector<std::string>{"part-00000.rec"});
        CHECK(names_in(folder.path()) == std::vector<std::string>{"out"});
    }
}

TEST_CASE("pack does not write into what it reads") {
    const TempFolder folder;
    folder.write("in/data_batch_1.bin", cifar_records(0, 3));
    auto options = options_for(folder, PackFormat::cifar);
    for (const char* out : {"in/packed", "in/a/../b", "in"}) {
        options.out = folder.path() / out;
        CHECK(lacks(pack_error<ConfigError>(options), {"lies in the one that is read"}) == "");
    }
    CHECK(names_in(folder.path() / "in") == std::vector<std::string>{"data_batch_1.bin"});
    options.out = folder.path() / "in-packed";
    pack(options);
    CHECK(names_in(options.out).size() == 1);
}

TEST_CASE("pack's messages speak of folders, not of channels") {
    const TempFolder folder;
    folder.write("in/data_batch_1.bin", cifar_records(0, 3) + "x");
    auto options = options_for(folder, PackFormat::tfrecord);
    auto message = pack_error<DataError>(options);
    CHECK(lacks(message, {(folder.path() / "in").string() + ", data_batch_1.bin", "3073"}) == "");
    CHECK(message.find("channel") == std::string::npos);
    for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
             {"x.h5", "\x89HDF"}, {"x.tfrecord", "not that"}, {"a/b/x.png", "no"}, {"x.lst", "0 0"}}) {
        std::filesystem::remove_all(options.in);
        folder.write("in/" + name, content);
        message = pack_error<DataError>(options);
        CHECK(lacks(message, {(folder.path() / "in").string()}) == "");
        CHECK(message.find("hannel") == std::string::npos);
    }
}

TEST_CASE("wrong pack options say so") {
    const TempFolder folder;
    write_image_folder(folder, "in", {"a"}, 1);
    auto options = options_for(folder, PackFormat::tfrecord);
    options.raw = true;
    CHECK(lacks(pack_error<ConfigError>(options), {"--raw is for --to recordio"}) == "");
    options = options_for(folder, PackFormat::tfrecord);
    options.part = DataPart::test;
    CHECK(lacks(pack_error<ConfigError>(options), {"--part is for CIFAR"}) == "");
    options.in = folder.path() / "none";
    CHECK(lacks(pack_error<ConfigError>(options), {"none does not exist", "folder of images"}) == "");
    CHECK(lacks(message_of<ConfigError>([] { pack_format_from_text("zip"); }),
                {"recordio (or mxnet, the same), tfrecord or cifar"}) == "");
    CHECK(pack_format_from_text("mxnet") == PackFormat::recordio);
    for (const auto format : {PackFormat::recordio, PackFormat::tfrecord, PackFormat::cifar}) {
        CHECK(pack_format_from_text(to_text(format)) == format);
    }
}

TEST_CASE("a full disk is the machine's fault and leaves nothing") {
    const TempFolder folder;
    ShardWriter writer(folder.path() / "out", ".rec", 0);
    // The file that is written aside leads to a device that is always full.
    const auto mark = "." + std::to_string(::getpid()) + ".sagemaker-ignore";
    const auto aside = folder.path() / ("out" + mark) / ("part-00000.rec" + mark);
    std::filesystem::create_symlink("/dev/full", aside);
    const auto message = message_of<MachineError>([&] { writer.write(std::string(2'000'000, 'x')); });
    CHECK(lacks(message, {"cannot write", "part-00000.rec", "No space left"}) == "");
}
