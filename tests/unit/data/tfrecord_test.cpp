#include "tundish/data/tfrecord.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>

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

TEST_CASE("TFRecord: any changed byte is found") {
    const auto good = tfrecord("one") + tfrecord(made_up(1, 30)) + tfrecord("three");
    const std::size_t second = tfrecord("one").size();
    std::int64_t found = 0;
    for (std::size_t at = second; at < second + 46; ++at) {
        auto bytes = good;
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        const auto got = read(bytes);
        found += got.records == std::vector<std::string>{"one"} &&
                         lacks(got.error, {"channel 'train', part-0, record 1 (byte 19)", "checksum"}).empty()
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
    std::string bytes;
    std::vector<std::string> records;
    std::vector<std::size_t> ends{0};
    for (std::uint64_t i = 0; i < 60; ++i) {
        records.push_back(made_up(i, static_cast<std::size_t>(random_below(200, {9, i}))));
        bytes += tfrecord(records.back());
        ends.push_back(bytes.size());
    }
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto cut = static_cast<std::size_t>(random_below(static_cast<std::int64_t>(bytes.size()) + 1, {10, i}));
        const auto whole = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin()) - 1;
        const auto got = read(bytes.substr(0, cut), i % 3);
        const std::vector<std::string> before(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(whole));
        const bool named = ends[whole] == cut
                               ? got.error.empty()
                               : got.error.find(text("record ", whole, " (byte ", ends[whole], "): the data ends")) !=
                                     std::string::npos;
        wrong += got.records == before && named ? 0 : 1;
    }
    CHECK(wrong == 0);
}
