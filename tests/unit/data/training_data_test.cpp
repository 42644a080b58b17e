#include "support/catch.hpp"
#include "support/channel_at.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/fifo_writer.hpp"
#include "support/gzip_bytes.hpp"
#include "support/idx_files.hpp"
#include "support/image_files.hpp"
#include "support/logged.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/record_frames.hpp"
#include "tundish/data/sample_set.hpp"
#include "tundish/data/sample_stream.hpp"

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

/// `count` PNGs of 32x32 in a TFRecord file: about 130 bytes become 3,072.
std::string small_pngs(int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        std::string payload;
        append_encoded_example(payload, as_bytes(plain_image(".png", 32, 32, i, 0, 0)), i % 10);
        append_tfrecord(bytes, as_bytes(payload));
    }
    return bytes;
}

TrainingData load(const ChannelSpec& train, const DataOptions& options) {
    return load_training_data(train, nullptr, nullptr, nullptr, options);
}

DataOptions with_memory_for(int images) {
    DataOptions options;
    options.memory_limit = static_cast<std::uint64_t>(images) * 2 * 3072;  // half of it is for images
    return options;
}

/// load() of a pipe that `bytes` come through.
TrainingData load_pipe(const std::string& bytes, const DataOptions& options) {
    const TempFolder folder;
    make_fifo(folder.path() / "train_0");
    const FifoWriter writer(folder.path() / "train_0", [&](FifoWriter& out) { out.write(bytes); });
    return load(tundish::testing::channel_at(folder.path() / "train", InputMode::pipe), options);
}

}  // namespace

TEST_CASE("images of any format that would take more than half of the memory are streamed, others are kept") {
    const TempFolder records;
    records.write("part-0.tfrecord", small_pngs(200));
    const TempFolder folders;
    write_image_folder(folders, "", {"a", "b"}, 100);
    const TempFolder packed;
    packed.write("data_batch_1.bin.gz", gzipped(cifar_records(0, 200)));
    for (const auto* folder : {&records, &folders, &packed}) {
        CAPTURE(folder->path());
        auto options = with_memory_for(300);
        options.num_classes = 10;
        options.num_training_samples = 200;
        if (folder == &folders) options.num_classes = 2;
        CHECK(load(channel_at(*folder), options).train.size() == 200);
        CHECK_FALSE(load(channel_at(*folder), options).stream);
        options.memory_limit /= 2;
        CHECK(load(channel_at(*folder), options).stream);
        options.cache = CacheMode::memory;
        CHECK_FALSE(load(channel_at(*folder), options).stream);
    }
}

TEST_CASE(
    "what would not fit and cannot be streamed yet is refused before it is read, with the settings that it lacks") {
    const TempFolder folder;
    folder.write("part-0.tfrecord", small_pngs(200));
    const auto problem = [&](const DataOptions& options) {
        return message_of<ConfigError>([&] { load(channel_at(folder), options); });
    };
    CHECK(lacks(problem(with_memory_for(100)), {"channel 'train'", "614 kB of memory", "cache=none",
                                                "num_classes and num_training_samples", "cache=memory"}) == "");
    auto options = with_memory_for(100);
    options.num_training_samples = 200;
    CHECK(lacks(problem(options), {"its images would take 614 kB", "Set cache=none, and with it num_classes,"}) == "");
    CHECK(load(channel_at(folder), with_memory_for(400)).train.size() == 200);
}

TEST_CASE("a pipe whose length is told is streamed when it would not fit, from its first pass on") {
    auto options = with_memory_for(100);
    options.num_classes = 10;
    options.num_training_samples = 200;
    const TempFolder folder;
    make_fifo(folder.path() / "train_0");
    const auto bytes = small_pngs(200);
    const FifoWriter writer(folder.path() / "train_0", [&](FifoWriter& out) { out.write(bytes); });
    const auto data = load(channel_at(folder.path() / "train", InputMode::pipe), options);
    REQUIRE(data.stream);
    data.stream->begin_pass(1);
    CHECK(data.stream->next(1000).samples.size() == 200);
}

TEST_CASE("a pipe of unknown length is kept until memory ends, and then says what was kept and what to set") {
    CHECK(load_pipe(small_pngs(200), with_memory_for(200)).train.size() == 200);
    for (const auto cache : {CacheMode::automatic, CacheMode::memory}) {
        auto options = with_memory_for(100);
        options.cache = cache;
        const auto message = message_of<ConfigError>([&] { load_pipe(small_pngs(250), options); });
        CHECK(lacks(message, {"channel 'train'", "images take", "kB, more are to come", "614 kB of memory",
                              "Set cache=none, and with it num_classes and num_training_samples"}) == "");
    }
    const auto cifar = message_of<ConfigError>([&] { load_pipe(cifar_records(0, 250), with_memory_for(100)); });
    CHECK(lacks(cifar, {"cache=none, and with it num_training_samples,"}) == "");
}

TEST_CASE("cache=memory is refused at once where even all memory could not hold the images") {
    const TempFolder folder;
    folder.write("data_batch_1.bin", cifar_records(0, 250));
    auto options = with_memory_for(100);
    options.cache = CacheMode::memory;
    const auto message = message_of<ConfigError>([&] { load(channel_at(folder), options); });
    CHECK(lacks(message, {"its 250 images take 768 kB", "614 kB of memory", "Set cache=none, so that"}) == "");
    options.memory_limit *= 2;
    CHECK(load(channel_at(folder), options).train.size() == 250);
}

TEST_CASE("validation images that memory cannot hold are refused, with what helps there") {
    const TempFolder train;
    write_image_folder(train, "", {"a", "b"}, 1);
    const TempFolder validation;
    write_image_folder(validation, "", {"a", "b"}, 150);
    const auto first = channel_at("train", train);
    const auto second = channel_at("validation", validation);
    const auto message =
        message_of<ConfigError>([&] { load_training_data(first, &second, nullptr, nullptr, with_memory_for(100)); });
    CHECK(lacks(message, {"channel 'validation': its 300 images take 922 kB", "614 kB", "use fewer"}) == "");
}

TEST_CASE("classes without a sample are doubted where numbers decided how many there are, in every format and mode") {
    constexpr const char* kDoubt = "classes have samples, and the largest label is ";
    const TempFolder idx;
    idx.write("train-images-idx3-ubyte", idx_images(0, 40));
    std::string labels = idx_labels(0, 40);
    labels.back() = static_cast<char>(254);
    idx.write("train-labels-idx1-ubyte", labels);
    const TempFolder list;
    write_image_folder(list, "", {"a", "b"}, 1);
    list.write("x.lst", "0\t0\ta/0000.png\n1\t254\tb/0000.png\n");
    const TempFolder cifar;
    cifar.write("part.bin", cifar_records(0, 30, 3));
    const auto log = [](const TempFolder& folder, const DataOptions& options) {
        return logged_by([&] { load(channel_at(folder), options); });
    };
    for (const auto cache : {CacheMode::automatic, CacheMode::none}) {
        DataOptions options;
        options.cache = cache;
        CHECK_THAT(log(idx, options), contains_text(text("channel 'train': only 11 of 255 ", kDoubt, 254)));
        CHECK_THAT(log(list, options), contains_text(text("only 2 of 255 ", kDoubt, 254)));
    }
    CHECK_THAT(log(cifar, {}), contains_text(text("only 3 of 10 ", kDoubt, 2, '.')) && contains_text("num_classes"));
    DataOptions told;
    told.num_classes = 255;
    CHECK_THAT(log(idx, told), !contains_text(kDoubt));
    auto sharded = channel_at(idx);  // the other hosts may hold the other classes
    sharded.distribution = Distribution::sharded_by_s3_key;
    CHECK_THAT(logged_by([&] { load(sharded, {}); }), !contains_text(kDoubt));
}

TEST_CASE("one wild label of a list makes no network of a million outputs, streamed or kept") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 1);
    folder.write("x.lst", "0\t0\ta/0000.png\n1\t900000\tb/0000.png\n");
    for (const auto cache : {CacheMode::automatic, CacheMode::none}) {
        DataOptions options;
        options.cache = cache;
        const auto message = message_of<DataError>([&] { load(channel_at(folder), options); });
        CHECK(lacks(message, {"channel 'train'", "900000", "2 different labels", "num_classes"}) == "");
    }
}

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

TEST_CASE("a host's part of a sharded channel may hold no samples, of whatever else it holds") {
    const TempFolder folder;
    ChannelSpec train = channel_at("train", folder);
    DataOptions options;
    options.cache = GENERATE(CacheMode::automatic, CacheMode::none);
    const auto told = GENERATE(DataFormat::cifar10, DataFormat::idx, DataFormat::tfrecord, DataFormat::image_folder);
    SECTION("nothing") {}
    SECTION("no folder") {
        train.path /= "none";
    }
    SECTION("files for people") {
        folder.write("readme.html", "<html></html>");
        folder.write("batches.meta.txt", "airplane\n");
    }
    SECTION("such files beside a data format that was told") {
        folder.write("readme.txt", "words");
        options.format = told;
    }
    SECTION("empty parts") {
        folder.write("part-0.tfrecord", "");
        folder.write("part-1.tfrecord", "");
    }
    SECTION("empty CIFAR files") {
        folder.write("data_batch_1.bin", "");
    }
    CAPTURE(folder.path());
    CHECK_THROWS_AS(load(train, options), DataError);
    train.distribution = Distribution::sharded_by_s3_key;
    const TrainingData data = load(train, options);
    CHECK(data.train_size() == 0);
    CHECK_FALSE(data.validation);
    const TempFolder whole;
    write_cifar10(whole, "", 1, 10);
    const auto complete = channel_at("train", whole);
    auto validation = train;
    validation.name = "validation";
    CHECK(load_training_data(complete, &validation, nullptr, nullptr, {}).validation->size() == 0);
}

TEST_CASE("a host whose part of a sharded channel is the file of class names knows them") {
    const TempFolder folder;
    folder.write("batches.meta.txt", "zebra\nape\nowl\n");
    ChannelSpec train = channel_at("train", folder);
    train.distribution = Distribution::sharded_by_s3_key;
    const TrainingData data = load(train, {});
    CHECK(data.train.class_names == std::vector<std::string>{"zebra", "ape", "owl"});
    CHECK_FALSE(data.train.numbered);
}

TEST_CASE("images beside a sharded channel's records may be all that a host gets") {
    const TempFolder folder;
    write_image_folder(folder, "", {"plots"}, 1);
    ChannelSpec train = channel_at("train", folder);
    DataOptions options;
    options.format = DataFormat::tfrecord;
    CHECK_THROWS_AS(load(train, options), DataError);
    train.distribution = Distribution::sharded_by_s3_key;
    CHECK(load(train, options).train_size() == 0);
}

TEST_CASE("a host whose part of a sharded channel is the test file validates with it") {
    const TempFolder folder;
    folder.write("test_batch.bin", cifar_records(0, 10));
    folder.write("readme.html", "<html></html>");
    ChannelSpec train = channel_at("train", folder);
    CHECK_THROWS_AS(load(train, {}), DataError);
    train.distribution = Distribution::sharded_by_s3_key;
    const TrainingData data = load(train, {});
    CHECK(data.train_size() == 0);
    CHECK(data.validation->size() == 10);
}

TEST_CASE("a host may hold some class folders of a sharded channel only") {
    const TempFolder folder;
    write_image_folder(folder, "", {"a", "b"}, 1);
    ChannelSpec train = channel_at("train", folder);
    DataOptions options;
    options.num_classes = 3;
    CHECK_THROWS_AS(load(train, options), DataError);
    train.distribution = Distribution::sharded_by_s3_key;
    CHECK(load(train, options).train.class_names == std::vector<std::string>{"a", "b"});
    options.num_classes = 1;
    CHECK_THROWS_AS(load(train, options), DataError);
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
