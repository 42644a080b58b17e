#include "tundish/data/inflate.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/gzip_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/peeked_source.hpp"
#include "tundish/data/tfrecord.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

/// All of a source's first part and how it ended.
Reading drain(ByteSource& source, std::size_t piece = 4096) {
    Reading out;
    out.records.emplace_back();
    std::string buffer(piece, '\0');
    try {
        while (const auto got = source.read(reinterpret_cast<std::uint8_t*>(buffer.data()), piece)) {
            out.records[0].append(buffer, 0, got);
        }
    } catch (const DataError& error) {
        out.error = error.what();
    }
    return out;
}

Reading inflated(const std::string& bytes, std::size_t source_piece = 0, std::size_t piece = 4096) {
    return drain(*inflate_on_sight(memory_source(bytes, source_piece)), piece);
}

}  // namespace

TEST_CASE("gzip is told by its first bytes, and by a file's name") {
    CHECK(begins_with_gzip(as_bytes("\x1f\x8b")));
    for (const char* other : {"", "\x1f", "\x8b\x1f", "a\x1f\x8b"}) CHECK_FALSE(begins_with_gzip(as_bytes(other)));
    CHECK(without_gz("a/b.bin.gz") == "a/b.bin");
    CHECK(without_gz("b.bin") == "b.bin");
    CHECK(without_gz(".gz").empty());
}

TEST_CASE("what is not gzip passes through as it is") {
    for (const std::string& content : {std::string(), std::string("\x1f"), std::string("\x1f\x8c no"), std::string("a"),
                                       std::string("abc"), made_up(1, 100'000)}) {
        for (const std::size_t piece : {1, 2, 4096}) {
            CHECK(inflated(content, 0, piece) == Reading{{content}, ""});
            CHECK(inflated(content, 1, piece) == Reading{{content}, ""});
        }
    }
}

TEST_CASE("a TFRecord whose length has the bytes of gzip's magic number is none") {
    for (const std::size_t size : {35'615, 559'903}) {  // 1f 8b 00 and 1f 8b 08
        const auto record = tfrecord(made_up(1, size));
        REQUIRE(record.starts_with("\x1f\x8b"));
        CHECK_FALSE(begins_with_gzip(as_bytes(record)));
        for (const std::size_t piece : {0, 1, 11, 12}) CHECK(inflated(record, piece) == Reading{{record}, ""});
    }
}

TEST_CASE("gzip data is inflated, in any pieces, also several members and padding of zeros") {
    const auto content = made_up(1, 300'000) + std::string(300'000, 'a');
    const auto one = gzipped(content);
    const auto several = gzipped("first") + gzipped("") + gzipped(content) + std::string(512, '\0');
    for (const std::size_t source_piece : {0, 1, 1000}) {
        CHECK(inflated(one, source_piece) == Reading{{content}, ""});
        CHECK(inflated(several, source_piece, 777) == Reading{{"first" + content}, ""});
    }
    CHECK(inflated(gzipped("tiny"), 1, 1) == Reading{{"tiny"}, ""});
    CHECK(inflated(gzipped("")) == Reading{{""}, ""});
}

TEST_CASE("each part is looked at on its own") {
    const auto source = inflate_on_sight(
        std::make_unique<MemorySource>(std::vector<std::string>{gzipped("packed"), "plain", "", gzipped("again")}));
    CHECK(drain(*source).records[0] == "packed");
    REQUIRE(source->next_part());
    CHECK(drain(*source).records[0] == "plain");
    REQUIRE(source->next_part());
    CHECK(drain(*source).records[0].empty());
    REQUIRE(source->next_part());
    CHECK(drain(*source).records[0] == "again");
    CHECK(source->what() == "channel 'train', part-3");
    CHECK_FALSE(source->next_part());
}

TEST_CASE("damaged gzip data gives what came before and says where") {
    const auto content = made_up(1, 100'000);
    auto bytes = gzipped(content);
    bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // in the checksum
    const auto checksum = inflated(bytes);
    CHECK(checksum.records[0] == content);
    CHECK(lacks(checksum.error, {"channel 'train', part-0", "damaged (incorrect data check)", "after 100000 bytes",
                                 "Take it out."}) == "");
    CHECK(lacks(inflated(gzipped("a") + "readme").error, {"not gzip data follow"}) == "");
    CHECK(lacks(inflated(std::string("\x1f\x8b\x07\0\0\0\0\0\0\0\0\0", 12)).error, {"damaged", "method"}) == "");
}

TEST_CASE("gzip data that is cut off anywhere says so, and what it gave before is right") {
    const auto content = made_up(1, 3'000) + std::string(3'000, 'b') + made_up(2, 3'000);
    const auto bytes = gzipped(content);
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto cut =
            2 + static_cast<std::size_t>(random_below(static_cast<std::int64_t>(bytes.size()) - 2, {12, i}));
        const auto got = inflated(bytes.substr(0, cut), i % 2);
        wrong += content.starts_with(got.records[0]) &&
                         got.error.find("channel 'train', part-0: the gzip data is cut off at byte " +
                                        std::to_string(cut)) == 0
                     ? 0
                     : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("records in gzip data that is cut off anywhere: the message names channel, part, record and byte") {
    std::string plain;
    std::vector<std::size_t> ends{0};
    for (std::uint64_t i = 0; i < 8; ++i) {
        plain += tfrecord(made_up(i, 2'000));
        ends.push_back(plain.size());
    }
    const auto bytes = gzipped(plain);
    std::int64_t wrong = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        const auto cut =
            100 + static_cast<std::size_t>(random_below(static_cast<std::int64_t>(bytes.size()) - 100, {13, i}));
        auto source =
            std::make_unique<PeekedSource>(inflate_on_sight(memory_source(bytes.substr(0, cut), i % 2)), 5'000);
        TfRecord framing(std::move(source));
        const Reading got = read_all<DataError>(framing);
        const auto whole = got.records.size();
        const auto place = text("channel 'train', part-0, record ", whole, " (byte ", ends.at(whole),
                                " of what is inflated): the gzip data is cut off at byte ", cut, ", after ");
        wrong += got.error.starts_with(place) && got.damaged.empty() ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("records within gzip data are counted in inflated bytes") {
    TfRecord framing(inflate_on_sight(memory_source(gzipped(tfrecord("abc") + "\x01\x02"), 1)));
    REQUIRE(framing.next());
    CHECK(lacks(message_of<DataError>([&] { framing.next(); }), {"record 1 (byte 19)", "found 2"}) == "");
}
