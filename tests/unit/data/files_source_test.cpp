#include "tundish/data/files_source.hpp"

#include "support/catch.hpp"
#include "support/channel_at.hpp"
#include "support/errors.hpp"
#include "support/fifo_writer.hpp"
#include "support/framed_bytes.hpp"
#include "support/stopped_child.hpp"
#include "support/temp_folder.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/recordio.hpp"
#include "tundish/data/sample_set.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

std::unique_ptr<FilesSource> source_of(const TempFolder& folder, std::vector<std::string> files) {
    return std::make_unique<FilesSource>(channel_at(folder), std::move(files));
}

}  // namespace

TEST_CASE("files are read one after the other, each a part") {
    const TempFolder folder;
    folder.write("a.rec", recordio_part("1") + recordio_part("2"));
    folder.write("below/b.rec", "");
    folder.write("c.rec", recordio_part("3") + recordio_part(made_up(1, 3U << 20U)));
    RecordIo framing(source_of(folder, {"a.rec", "below/b.rec", "c.rec"}));
    std::vector<std::string> origins;
    std::size_t bytes = 0;
    while (const auto record = framing.next()) {
        origins.push_back(framing.origin());
        bytes += record->size();
    }
    CHECK(origins == std::vector<std::string>{"a.rec, record 0 (byte 0)", "a.rec, record 1 (byte 12)",
                                              "c.rec, record 0 (byte 0)", "c.rec, record 1 (byte 12)"});
    CHECK(bytes == 3 + (3U << 20U));
    RecordIo none(source_of(folder, {}));
    CHECK_FALSE(none.next());
}

TEST_CASE("a record that a file's end cuts off is named, and does not go on in the next file") {
    const TempFolder folder;
    const auto whole = recordio_part("a record of some length");
    folder.write("a.rec", whole + whole.substr(0, 20));
    folder.write("b.rec", whole.substr(20));
    RecordIo framing(source_of(folder, {"a.rec", "b.rec"}));
    CHECK(lacks(read_all<DataError>(framing).error, {"channel 'train', a.rec, record 1 (byte 32)", "expected 32 bytes",
                                                     "found 20", "upload it again"}) == "");
}

TEST_CASE("files that cannot be read say why") {
    const TempFolder folder;
    std::uint8_t byte = 0;
    CHECK(lacks(message_of<DataError>([&] { source_of(folder, {"gone.rec"})->read(&byte, 1); }),
                {"channel 'train', gone.rec", "No such file"}) == "");
    std::filesystem::create_directory(folder.path() / "folder");
    CHECK(lacks(message_of<DataError>([&] { source_of(folder, {"folder"})->read(&byte, 1); }),
                {"not a regular file"}) == "");
    make_fifo(folder.path() / "fifo");
    CHECK(lacks(message_of<DataError>([&] { source_of(folder, {"fifo"})->read(&byte, 1); }), {"Pipe"}) == "");
    const TempFolder images;
    std::filesystem::create_directories(images.path() / "a");
    make_fifo(images.path() / "a" / "1.png");
    CHECK(lacks(message_of<DataError>([&] { load_samples(channel_at(images), {}); }),
                {"1.png", "not a regular file"}) == "");
}

TEST_CASE("a stop ends the reading of files") {
    const TempFolder folder;
    folder.write("a.rec", recordio_part("1"));
    CHECK(stop_ends([&] {
        while (true) {
            RecordIo framing(source_of(folder, {"a.rec"}));
            framing.next();
        }
    }));
}
