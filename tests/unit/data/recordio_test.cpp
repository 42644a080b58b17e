#include "tundish/data/recordio.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

const std::string kMagicBytes = "\x0a\x23\xd7\xce";

Reading read(const std::string& bytes, std::size_t piece = 0, RecordIoParts parts = RecordIoParts::dmlc,
             std::size_t limit = kMaxRecordBytes) {
    RecordIo framing(memory_source(bytes, piece), parts, limit);
    return read_all<DataError>(framing);
}

std::string error(const std::string& bytes) {
    return read(bytes).error;
}

}  // namespace

TEST_CASE("RecordIO: records of every length, with any padding, in any pieces") {
    std::string bytes;
    std::vector<std::string> records;
    for (std::size_t size = 0; size < 40; ++size) {
        records.push_back(made_up(size, size));
        bytes += recordio_part(records.back(), 0, size % 2 == 0 ? ' ' : '\0');
    }
    for (const std::size_t piece : {0, 1, 3, 7, 4096}) {
        const auto got = read(bytes, piece);
        CHECK(got.error.empty());
        CHECK(got.records == records);
    }
    CHECK(read("") == Reading{});
}

TEST_CASE("RecordIO: records split by dmlc's writer get their magic back") {
    for (const std::string& data :
         {kMagicBytes, "1234" + kMagicBytes, kMagicBytes + "12345", "abcd" + kMagicBytes + kMagicBytes + "efg",
          "abc" + kMagicBytes + "d", "abcd" + kMagicBytes + "efgh" + kMagicBytes + "ijkl"}) {
        const auto bytes = recordio_dmlc(data) + recordio_part("after");
        CHECK(read(bytes).records == std::vector<std::string>{data, "after"});
        CHECK(read(bytes, 1) == read(bytes));
    }
}

TEST_CASE("RecordIO: the other convention joins parts with nothing between") {
    const auto bytes = recordio_part("abc", 1) + recordio_part("d", 2) + recordio_part("", 2) + recordio_part("ef", 3);
    CHECK(read(bytes, 0, RecordIoParts::concatenate).records == std::vector<std::string>{"abcdef"});
}

TEST_CASE("RecordIO: parts out of sequence are refused with record and byte") {
    const auto good = recordio_part("good");
    CHECK(lacks(error(good + recordio_part("x", 2)),
                {"channel 'train', part-0, record 1 (byte 12)", "middle part (flag 2)", "Take it out."}) == "");
    CHECK(lacks(error(good + good + recordio_part("x", 3)), {"record 2 (byte 24)", "last part"}) == "");
    CHECK(lacks(error(recordio_part("x", 1) + good), {"record 0 (byte 0)", "next part", "flag 0"}) == "");
    CHECK(lacks(error(recordio_part("x", 1) + recordio_part("y", 1)), {"record 0 (byte 0)", "flag 1"}) == "");
    CHECK(lacks(error(recordio_part("x", 1)), {"record 0 (byte 0)", "ends in mid-record", "from byte 12 on"}) == "");
    CHECK(lacks(error(recordio_part("x", 5)), {"flag of 0 to 3", "found 5"}) == "");
}

TEST_CASE("RecordIO: other bytes are described") {
    CHECK(lacks(error("{\"source-ref\": \"s3://bucket/a.jpg\"}\n"), {"record 0 (byte 0)", "text that begins '{"}) ==
          "");
    CHECK(lacks(error(recordio_part("good") + "\xff\xd8\xff\xe0 a picture that is not framed"),
                {"record 1 (byte 12)", "0a 23 d7 ce", "a JPEG image"}) == "");
    CHECK(lacks(error("\x0a\x23\xd7\xcd new"), {"record 0", "expected a RecordIO record"}) == "");
    CHECK(lacks(error(std::string("\x0a\x23\xd7\x3e\0\0\0\0", 8)), {"2015", "im2rec"}) == "");
}

TEST_CASE("RecordIO: a length above the limit is refused before its bytes are awaited") {
    std::string claim = kMagicBytes;
    append_le(claim, std::uint32_t{1000});
    CHECK(lacks(read(claim, 0, RecordIoParts::dmlc, 999).error, {"at most 999 bytes", "found one of 1000"}) == "");
    const auto parts = recordio_part(made_up(1, 600), 1) + recordio_part(made_up(2, 600), 3);
    CHECK(lacks(read(parts, 0, RecordIoParts::dmlc, 999).error, {"at most 999 bytes", "found one of 1200"}) == "");
    CHECK(lacks(error(claim), {"ends in mid-record", "expected 1008 bytes", "found 8"}) == "");
}

TEST_CASE("RecordIO: records are counted within a part and over all, and none reaches into the next part") {
    const auto two = recordio_part("a") + recordio_part("b");
    RecordIo framing(std::make_unique<MemorySource>(std::vector<std::string>{two, "", two, two + "\x0a\x23"}));
    for (int i = 0; i < 4; ++i) REQUIRE(framing.next());
    CHECK(framing.count() == 4);
    CHECK(framing.origin() == "part-2, record 1 (byte 12)");
    for (int i = 0; i < 2; ++i) REQUIRE(framing.next());
    CHECK(lacks(message_of<DataError>([&] { framing.next(); }), {"part-3, record 2 (byte 24)", "found 2"}) == "");
}

TEST_CASE("RecordIO: whatever the cut, the records before it are right and the message says where") {
    std::vector<std::string> records;
    for (std::uint64_t i = 0; i < 60; ++i) {
        records.push_back(made_up(i, static_cast<std::size_t>(random_below(200, {7, i}))));
        if (i % 5 == 0) records.back().insert(0, made_up(i, 8) + kMagicBytes);
    }
    const auto in_pieces = [](const std::string& bytes, std::size_t piece) { return read(bytes, piece); };
    CHECK(wrong_after_cuts(records, recordio_dmlc, in_pieces, 8) == 0);
}
