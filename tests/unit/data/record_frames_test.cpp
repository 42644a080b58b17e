#include "tundish/data/record_frames.hpp"

#include "support/catch.hpp"
#include "support/hex.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/mxnet_record.hpp"

#include <string>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string recordio(const std::string& payload) {
    std::string out;
    append_recordio(out, as_bytes(payload));
    return out;
}

const std::string kMagic = from_hex("0a23d7ce");

}  // namespace

TEST_CASE("a RecordIO record has magic, length and padding") {
    CHECK(recordio("abcd") == kMagic + from_hex("04000000") + "abcd");
    CHECK(recordio("abcde") == kMagic + from_hex("05000000") + "abcde" + from_hex("000000"));
    CHECK(recordio("") == kMagic + from_hex("00000000"));
    std::string header;
    append_recordio_header(header, 5);
    CHECK(header == kMagic + from_hex("05000000"));
    CHECK(recordio_padding(5) == 3);
    CHECK(recordio_padding(8) == 0);
    CHECK_THROWS_AS(append_recordio_header(header, kRecordIoLimit), DataError);
}

TEST_CASE("a payload is split where the magic lies aligned in it, and only there, as MXNet does") {
    // mxnet 1.9.1 (PyPI), MXRecordIO.write of the three payloads
    CHECK(recordio("abcd" + kMagic + "efg") == from_hex("0a23d7ce 04000020 61626364 0a23d7ce 03000060 65666700"));
    CHECK(recordio(kMagic + kMagic) == from_hex("0a23d7ce 00000020 0a23d7ce 00000040 0a23d7ce 00000060"));
    CHECK(recordio("ab" + kMagic) == from_hex("0a23d7ce 06000000 61620a23d7ce0000"));
}

TEST_CASE("a TFRecord is the one that the tfrecord package writes") {
    // tfrecord 1.14.6 (PyPI): TFRecordWriter.write({"image": (b"\xff\xd8\xff\xe0", "byte"), "label": (3, "int")})
    const auto file = from_hex(
        "2500000000000000eabc36f30a230a0e0a056c6162656c12051a030a01030a110a05696d61676512080a060a04ffd8ffe00f13bf96");
    std::string out;
    append_tfrecord(out, as_bytes(std::string_view(file).substr(12, file.size() - 16)));
    CHECK(out == file);
}
