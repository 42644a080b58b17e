#include "tundish/data/mxnet_record.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/hex.hpp"
#include "tundish/base/error.hpp"

#include <string>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string record(std::uint32_t flag, float label, const std::vector<float>& labels, const std::string& image) {
    std::string bytes;
    append_le(bytes, flag);
    append_le(bytes, label);
    append_le(bytes, std::uint64_t{42});
    append_le(bytes, std::uint64_t{0});
    for (const float value : labels) append_le(bytes, value);
    return bytes + image;
}

std::string parse_error(const std::string& bytes) {
    return message_of<DataError>([&] { parse_mxnet_record(as_bytes(bytes)); });
}

const std::string kJpeg = "\xFF\xD8\xFF\xE0 the rest";

}  // namespace

TEST_CASE("the label is the header's, or the list's when there is one") {
    const auto one = record(0, 7, {}, kJpeg);
    const auto parsed = parse_mxnet_record(as_bytes(one));
    CHECK(parsed.label == 7);
    CHECK(parsed.id == 42);
    CHECK(as_text(parsed.image) == kJpeg);
    const auto listed = record(1, 99, {3}, kJpeg);
    CHECK(parse_mxnet_record(as_bytes(listed)).label == 3);
    CHECK(as_text(parse_mxnet_record(as_bytes(listed)).image) == kJpeg);
    const auto hot = record(3, 0, {0, 0, 1}, kJpeg);
    CHECK(parse_mxnet_record(as_bytes(hot)).label == 2);
}

TEST_CASE("with label-format=class-id a list names classes, one of them") {
    const auto one = record(1, 99, {3}, kJpeg);
    CHECK(parse_mxnet_record(as_bytes(one), LabelFormat::class_id).label == 3);
    const auto two = record(2, 0, {0, 1}, kJpeg);
    CHECK(parse_mxnet_record(as_bytes(two)).label == 1);
    CHECK(lacks(message_of<DataError>([&] { parse_mxnet_record(as_bytes(two), LabelFormat::class_id); }),
                {"names 2 classes", "single label"}) == "");
    CHECK(lacks(parse_error(record(2, 0, {4, 7}, kJpeg)), {"holds 4", "single label"}) == "");
    CHECK(parse_error(record(2, 0, {4, 7}, kJpeg)).find("label-format") == std::string::npos);
}

TEST_CASE("an image alone has no label") {
    const auto parsed = parse_mxnet_record(as_bytes(kJpeg));
    CHECK_FALSE(parsed.label);
    CHECK(as_text(parsed.image) == kJpeg);
}

TEST_CASE("damaged image records are refused") {
    CHECK(lacks(parse_error(""), {"24 bytes", "no bytes"}) == "");
    CHECK(lacks(parse_error("0"), {"24 bytes", "text that begins '0'"}) == "");
    CHECK(lacks(parse_error(record(0, 1, {}, "")), {"no image"}) == "");
    CHECK(lacks(parse_error(record(4, 1, {1, 2}, "")), {"4 labels", "8 bytes"}) == "");
    CHECK(lacks(parse_error(record(0xFFFFFFFF, 1, {}, kJpeg)), {"4294967295 labels"}) == "");
    CHECK(lacks(parse_error(record(0, 1.5F, {}, kJpeg)), {"1.5", "whole number"}) == "");
    CHECK(lacks(parse_error(record(0, -1, {}, kJpeg)), {"-1", "count from 0"}) == "");
    CHECK(lacks(parse_error(record(3, 0, {1, 0, 1}, kJpeg)), {"2 classes set"}) == "");
}

TEST_CASE("what lies behind the header, whatever the labels say") {
    const auto one = record(0, -1.5F, {}, kJpeg);
    CHECK(as_text(behind_mxnet_header(as_bytes(one)).value()) == kJpeg);
    const auto listed = record(2, 0, {0.5F, 7}, kJpeg);
    CHECK(as_text(behind_mxnet_header(as_bytes(listed)).value()) == kJpeg);
    CHECK(behind_mxnet_header(as_bytes(record(1, 0, {3}, ""))).value().empty());
    CHECK_FALSE(behind_mxnet_header(as_bytes(record(2, 0, {3}, "abc"))));  // a byte too few
    CHECK_FALSE(behind_mxnet_header(as_bytes(record(0xFFFFFFFF, 0, {}, kJpeg))));
    CHECK_FALSE(behind_mxnet_header(as_bytes(kJpeg)));
}

TEST_CASE("records are written as they are read") {
    std::string bytes;
    append_mxnet_record(bytes, 7, 42, as_bytes(kJpeg));
    CHECK(bytes == record(0, 7, {}, kJpeg));
    CHECK_THROWS_AS(append_mxnet_record(bytes, -1, 0, as_bytes(kJpeg)), DataError);
}

TEST_CASE("records that MXNet packed are read") {
    // mxnet 1.9.1 (PyPI), recordio.pack: IRHeader(0, 7, 42, 0) and IRHeader(0, [0, 0, 1], 43, 0)
    const auto one = from_hex("000000000000e0402a000000000000000000000000000000 ffd8ffe0");
    CHECK(parse_mxnet_record(as_bytes(one)).label == 7);
    CHECK(parse_mxnet_record(as_bytes(one)).id == 42);
    const auto several = from_hex("03000000000000002b000000000000000000000000000000 00000000000000000000803f ffd8ff");
    CHECK(parse_mxnet_record(as_bytes(several)).label == 2);
    CHECK(parse_mxnet_record(as_bytes(several)).image.size() == 3);
    std::string written;
    append_mxnet_record(written, 7, 42, as_bytes(from_hex("ffd8ffe0")));
    CHECK(written == one);
}
