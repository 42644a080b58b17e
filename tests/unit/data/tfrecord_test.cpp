#include "tundish/data/tfrecord.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

Reading read(const std::string& bytes, std::size_t piece = 0, std::size_t limit = kMaxRecordBytes) {
    TfRecord framing(memory_source(bytes, piece), limit);
    return read_all<DataError>(framing);
}

}  // namespace

TEST_CASE("TFRecord: the header that every TensorBoard event file begins with is accepted") {
    const std::string header("\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22", 12);
    CHECK(lacks(read(header).error, {"ends in mid-record", "expected 40 bytes"}) == "");
    CHECK(tfrecord(made_up(1, 24)).substr(0, 12) == header);
}

TEST_CASE("TFRecord: records of every length in any pieces") {
    std::string bytes;
    std::vector<std::string> records;
    for (std::size_t size = 0; size < 40; ++size) {
        records.push_back(made_up(size, size * 11));
        bytes += tfrecord(records.back());
    }
    for (const std::size_t piece : {0, 1, 3, 7, 4096}) {
        const auto got = read(bytes, piece);
        CHECK(got.error.empty());
        CHECK(got.records == records);
    }
    CHECK(read("") == Reading{});
}

TEST_CASE("TFRecord: records larger than the window are read") {
    const auto large = made_up(1, (3U << 20U) + 17);
    const auto got = read(tfrecord("a") + tfrecord(large) + tfrecord("b"), 100'000);
    CHECK(got.error.empty());
    REQUIRE(got.records.size() == 3);
    CHECK(got.records[1] == large);
    CHECK(got.records[2] == "b");
}

TEST_CASE("TFRecord: any changed byte is found, and one in the data costs that record only") {
    const auto good = tfrecord("one") + tfrecord(made_up(1, 30)) + tfrecord("three");
    const std::size_t second = tfrecord("one").size();
    std::int64_t found = 0;
    for (std::size_t at = 0; at < 46; ++at) {
        auto bytes = good;
        bytes[second + at] = static_cast<char>(bytes[second + at] ^ 1);
        const auto got = read(bytes);
        const bool in_header = at < 12;
        const auto message = in_header ? got.error : got.damaged.empty() ? "none" : got.damaged.front();
        const std::vector<std::string> others{"one", "three"};
        found += got.records == (in_header ? std::vector<std::string>{"one"} : others) &&
                         got.error.empty() != in_header && got.damaged.size() == (in_header ? 0 : 1) &&
                         lacks(message, {"channel 'train', part-0, record 1 (byte 19)", "checksum"}).empty()
                     ? 1
                     : 0;
    }
    CHECK(found == 46);
}

TEST_CASE("TFRecord: other bytes are described, with what to do") {
    CHECK(lacks(read("\x89PNG\r\n\x1a\n and more of the picture").error,
                {"record 0 (byte 0)", "TFRecord header", "a PNG image", "Take it out."}) == "");
    CHECK(lacks(read("label,image\n1,a.png\n2,b.png\n").error, {"text that begins 'label,image'"}) == "");
    CHECK(lacks(read("Hi").error, {"record 0 (byte 0)", "ends in mid-record", "text that begins 'Hi'"}) == "");
}

TEST_CASE("TFRecord: a length above the limit is refused before its bytes are awaited") {
    CHECK(lacks(read(tfrecord(made_up(1, 1000)).substr(0, 12), 0, 999).error, {"at most 999", "one of 1000"}) == "");
    CHECK(read(tfrecord(made_up(1, 999)), 0, 999).error.empty());
}

TEST_CASE("TFRecord: whatever the cut, the records before it are right and the message says where") {
    std::vector<std::string> records;
    for (std::uint64_t i = 0; i < 60; ++i) {
        records.push_back(made_up(i, static_cast<std::size_t>(random_below(200, {9, i}))));
    }
    const auto in_pieces = [](const std::string& bytes, std::size_t piece) { return read(bytes, piece); };
    CHECK(wrong_after_cuts(records, tfrecord, in_pieces, 10) == 0);
}
