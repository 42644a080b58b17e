#include "tundish/data/cifar_reader.hpp"

#include "support/catch.hpp"
#include "support/channel_at.hpp"
#include "support/child.hpp"
#include "support/cifar_files.hpp"
#include "support/errors.hpp"
#include "support/fifo_writer.hpp"
#include "support/gzip_bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/shutdown.hpp"
#include "tundish/base/unique_fd.hpp"
#include "tundish/data/sample_set.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string load_error(const TempFolder& folder, const DataOptions& options = {}) {
    return message_of<DataError>([&] { load_samples(channel_at(folder), options); });
}

std::int64_t wrong_pixels(const SampleSet& set, std::int64_t sample, std::int64_t record) {
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < 3072; ++i) {
        wrong += set.pixels.at(static_cast<std::size_t>(sample * 3072 + i)) == cifar_pixel(record, i) ? 0 : 1;
    }
    return wrong;
}

/// How many files of a folder were open at a time, at most, from its construction on.
class OpenFiles {
  public:
    explicit OpenFiles(const std::filesystem::path& folder) : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        REQUIRE(::inotify_add_watch(events_.get(), folder.c_str(), IN_OPEN | IN_CLOSE) >= 0);
    }
    [[nodiscard]] int most() const {
        alignas(inotify_event) std::array<char, 65536> buffer{};
        const ssize_t size = ::read(events_.get(), buffer.data(), buffer.size());
        int open = 0;
        int most = 0;
        for (ssize_t at = 0; at < size;) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            if ((event.mask & IN_ISDIR) == 0) open += (event.mask & IN_OPEN) != 0 ? 1 : -1;
            most = std::max(most, open);
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
        return most;
    }

  private:
    UniqueFd events_;
};

}  // namespace

TEST_CASE("in FastFile mode one file is read after the other, in order") {
    const TempFolder folder;
    for (int i = 0; i < 6; ++i) folder.write("data_batch_" + std::to_string(i) + ".bin", cifar_records(600 * i, 600));
    const OpenFiles files(folder.path());
    const auto set = load_samples(channel_at(folder.path(), InputMode::fast_file), {});
    CHECK(files.most() == 1);
    CHECK(set.size() == 3600);
    CHECK(wrong_pixels(set, 3599, 3599) == 0);
}

TEST_CASE("CIFAR-10: labels, pixels, order and names are those of the files") {
    for (const std::string below : {"", "cifar-10-batches-bin", "any/where"}) {
        const TempFolder folder;
        write_cifar10(folder, below, 2, 400);  // more than a piece
        folder.write("_SUCCESS", "");
        folder.write(".hidden/data_batch_9.bin", "x");
        folder.write("train-manifest", "[]");
        const auto set = load_samples(channel_at(folder), {});
        REQUIRE(set.size() == 1200);
        CHECK(set.shape == ImageShape{3, 32, 32});
        CHECK(set.pixels.size() == 1200 * 3072);
        CHECK(set.class_names == cifar10_names());
        CHECK(set.labels[799] == 9);
        for (const std::int64_t i : {0, 319, 320, 399, 400, 799}) CHECK(wrong_pixels(set, i, i) == 0);
        CHECK(wrong_pixels(set, 800, 1'000'000) == 0);
    }
}

TEST_CASE("CIFAR-100: the fine label counts") {
    const TempFolder folder;
    write_cifar100(folder, "cifar-100-binary", 150);
    const auto set = load_samples(channel_at(folder), {});
    REQUIRE(set.size() == 300);
    CHECK(set.labels[99] == 99);
    CHECK(set.class_names.size() == 100);
    CHECK(set.class_names[42] == "fine42");
}

TEST_CASE("CIFAR files under other names are told by their sizes") {
    const TempFolder ten;
    ten.write("part-00000.bin", cifar_records(0, 7));
    CHECK(load_samples(channel_at(ten), {}).class_names.size() == 10);
    CHECK(load_samples(channel_at(ten), {}).class_names[3] == "3");
    const TempFolder hundred;
    hundred.write("part-00000.bin", cifar_records(0, 7, 100, true));
    CHECK(load_samples(channel_at(hundred), {}).class_names.size() == 100);
}

TEST_CASE("compressed CIFAR files are read like plain ones, with names, parts and places") {
    for (const std::string below : {"", "cifar-10-batches-bin/"}) {
        const TempFolder folder;
        write_cifar10(folder, below, 2, 40);
        const TempFolder compressed;
        for (const char* name : {"data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"}) {
            compressed.write(below + name + (name[0] == 't' ? "" : ".gz"), gzipped(folder.read(below + name)));
        }
        compressed.write(below + "batches.meta.txt", folder.read(below + "batches.meta.txt"));
        const auto plain = load_training_data(channel_at(folder), nullptr, nullptr, nullptr, {});
        const auto read = load_training_data(channel_at(compressed), nullptr, nullptr, nullptr, {});
        CHECK(read.train.labels == plain.train.labels);
        CHECK(read.train.pixels == plain.train.pixels);
        CHECK(read.train.class_names == cifar10_names());
        REQUIRE(read.validation);
        CHECK(read.validation->pixels == plain.validation->pixels);
        compressed.write(below + "data_batch_2.bin.gz", gzipped(cifar_records(0, 3) + cifar_record(77, 1)));
        CHECK(lacks(load_error(compressed), {"data_batch_2.bin.gz, record 3 (byte 9219)", "found 77"}) == "");
    }
    const TempFolder hundred;
    hundred.write("some.bin.gz", gzipped(cifar_records(0, 7, 100, true)));
    CHECK(load_samples(channel_at(hundred), {}).class_names.size() == 100);
    const TempFolder twice;
    twice.write("a.bin", cifar_records(0, 5));
    twice.write("a.bin.gz", gzipped(cifar_records(0, 5)));
    CHECK(load_samples(channel_at(twice), {}).size() == 5);
}

TEST_CASE("CIFAR's file of names decides how many classes there are, unless num_classes or the format forbid it") {
    for (const bool compressed : {false, true}) {
        const TempFolder folder;
        const auto records = cifar_records(0, 30, 3);
        folder.write(compressed ? "train.bin.gz" : "train.bin", compressed ? gzipped(records) : records);
        folder.write("batches.meta.txt", "cat\ndog\nfrog\n");
        CHECK(load_samples(channel_at(folder), {}).class_names == std::vector<std::string>{"cat", "dog", "frog"});
        const TempFolder nameless;
        nameless.write("part.bin", cifar_records(0, 2));
        const auto validation = channel_at(nameless);
        const auto both = load_training_data(channel_at(folder), &validation, nullptr, nullptr, {});
        CHECK(both.validation->class_names == std::vector<std::string>{"cat", "dog", "frog"});
        DataOptions four;
        four.num_classes = 4;
        CHECK(load_samples(channel_at(folder), four).class_names == numbers_as_names(4));
        folder.write("batches.meta.txt", "cat\ndog\n");
        CHECK(lacks(load_error(folder), {"record 2 (byte 6146)", "label 2 is outside 0..1", "num_classes"}) == "");
        folder.write("batches.meta.txt", "cat\n");
        CHECK(load_samples(channel_at(folder), {}).class_names == numbers_as_names(10));
    }
}

TEST_CASE("a File channel for which a FIFO was made says that it looks like Pipe mode") {
    const TempFolder folder;
    make_fifo(folder.path() / "train_0");
    const auto channel = channel_at(folder.path() / "train");
    const auto problem = [&] { return message_of<DataError>([&] { load_samples(channel, {}); }); };
    CHECK(lacks(problem(), {"channel 'train'", "no folder", "a FIFO", "train_0", "Pipe"}) == "");
    std::filesystem::create_directory(folder.path() / "train");
    CHECK(lacks(problem(), {"found none", "a FIFO", "train_0", "Pipe"}) == "");
}

TEST_CASE("next() and read_all_into() give the same records") {
    const TempFolder folder;
    write_cifar10(folder, "", 2, 330);
    const auto files = list_channel(channel_at(folder));
    CifarReader one(files, DataFormat::cifar10, DataPart::train, 0);
    CifarReader all(files, DataFormat::cifar10, DataPart::train, 0);
    SampleSet set;
    REQUIRE(all.read_all_into(set));
    std::int64_t count = 0;
    std::int64_t wrong = 0;
    std::string origin;
    while (const auto record = one.next()) {
        const auto at = static_cast<std::size_t>(count);
        wrong += record->index == count && record->label == set.labels[at] && record->payload.size() == 3072 &&
                         std::equal(record->payload.begin(), record->payload.end(), set.pixels.begin() + count * 3072)
                     ? 0
                     : 1;
        if (count == 331) origin = record->origin;
        ++count;
    }
    CHECK(count == 660);
    CHECK(count == set.size());
    CHECK(wrong == 0);
    CHECK(origin == "data_batch_2.bin, record 1");
}

TEST_CASE("a file of a wrong size is named with its size, the rest and the nearest record") {
    const TempFolder folder;
    write_cifar10(folder, "", 1, 5);
    folder.write("data_batch_2.bin", cifar_records(0, 3) + "abc");
    CHECK(lacks(load_error(folder), {"channel 'train'", "data_batch_2.bin", "3073", "9222 bytes", "3 bytes are left",
                                     "record 3 (from byte 9219)"}) == "");
    folder.write("data_batch_2.bin", cifar_records(0, 3, 100, true));
    CHECK(lacks(load_error(folder), {"data_format=cifar100"}) == "");
}

TEST_CASE("a label out of range is named with file, record, label and range") {
    const TempFolder folder;
    folder.write("data_batch_1.bin", cifar_records(0, 4));
    folder.write("data_batch_2.bin", cifar_records(0, 400) + cifar_record(200, 1) + cifar_record(3, 1));
    CHECK(lacks(load_error(folder),
                {"channel 'train'", "data_batch_2.bin, record 400", "byte 1229200", "label 200", "0..9"}) == "");
    DataOptions fewer;
    fewer.num_classes = 3;
    CHECK(lacks(load_error(folder, fewer), {"data_batch_1.bin, record 3", "label 3", "0..2", "num_classes"}) == "");
}

TEST_CASE("CIFAR files in two folders, none at all, and empty ones are errors") {
    const TempFolder two;
    write_cifar10(two, "a", 1, 1);
    write_cifar10(two, "b", 1, 1);
    CHECK(lacks(load_error(two), {"one folder", "a/, b/"}) == "");
    const TempFolder none;
    none.write("cifar-10-binary.tar.gz", "\x1f\x8b\x08");
    CHECK(lacks(load_error(none), {"cifar-10-binary.tar.gz", "gzip", "unpack"}) == "");
    const TempFolder empty;
    empty.write("data_batch_1.bin", "");
    CHECK(lacks(load_error(empty), {"expected CIFAR-10 records", "none"}) == "");
    CHECK(lacks(load_error(TempFolder()), {"expected data files", "found none"}) == "");
    ChannelSpec missing;
    missing.name = "train";
    missing.path = "/no/such/folder";
    CHECK(lacks(message_of<DataError>([&] { load_samples(missing, {}); }),
                {"channel 'train'", "no folder /no/such/folder"}) == "");
}

TEST_CASE("another image shape resizes raw records") {
    const TempFolder folder;
    folder.write("data_batch_1.bin", cifar_records(0, 70));
    DataOptions options;
    options.image_shape = ImageShape{1, 16, 16};
    const auto set = load_samples(channel_at(folder), options);
    CHECK(set.shape == ImageShape{1, 16, 16});
    CHECK(set.size() == 70);
    CHECK(set.pixels.size() == 70 * 256);
    CHECK(set.labels[69] == 9);
}

TEST_CASE("a host that sharding gave nothing takes part with no samples") {
    const TempFolder folder;
    auto channel = channel_at(folder);
    channel.distribution = Distribution::sharded_by_s3_key;
    CHECK(load_samples(channel, {}).size() == 0);
}

TEST_CASE("a stop ends reading with Stopped") {
    const TempFolder folder;
    write_cifar10(folder, "", 1, 5);
    CHECK(exit_code_of([&] {
              request_stop();
              try {
                  load_samples(channel_at(folder), {});
              } catch (const Stopped&) {
                  return 0;
              }
              return 1;
          }) == 0);
}
