#include "tundish/serve/npy.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/npy_bytes.hpp"
#include "support/requests.hpp"

#include <limits>

using namespace tundish;
using namespace tundish::testing;

namespace {

constexpr auto kType = "application/x-npy";
const std::vector<float> kPlanar = counting(12, 10);  // (3, 2, 2)

// The same image with the channels innermost.
std::vector<float> interleaved(const std::vector<float>& planar = kPlanar) {
    std::vector<float> out;
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t c = 0; c < 3; ++c) out.push_back(planar[c * 4 + i]);
    }
    return out;
}

template <typename Number>
void check_type(const std::string& descr, bool big_endian, bool bytes) {
    INFO(descr);
    const auto request = parse(kType, npy(descr, "(3, 2, 2)", packed<Number>(kPlanar, big_endian)));
    CHECK(values_of(request) == kPlanar);
    CHECK(holds_bytes(request) == bytes);
    CHECK_FALSE(request.form.batch);
}

std::string u8(const std::vector<float>& values) {
    return packed<std::uint8_t>(values);
}

std::string header_refusal(const std::string& header) {
    return refusal(kType, npy_with_header(header, u8(kPlanar)));
}

}  // namespace

TEST_CASE("npy: every type and byte order gives the same pixels") {
    check_type<std::uint8_t>("|u1", false, true);
    check_type<std::int8_t>("|i1", false, true);
    check_type<std::uint16_t>("<u2", false, true);
    check_type<std::int16_t>(">i2", true, true);
    check_type<std::uint32_t>(">u4", true, true);
    check_type<std::int32_t>("<i4", false, true);
    check_type<std::uint64_t>("<u8", false, true);
    check_type<std::int64_t>("<i8", false, true);
    check_type<std::int64_t>(">i8", true, true);
    check_type<float>("<f4", false, false);
    check_type<float>("=f4", false, false);
    check_type<float>(">f4", true, false);
    check_type<double>("<f8", false, false);
    check_type<double>(">f8", true, false);
}

TEST_CASE("npy: booleans are 0 and 1, half floats are widened") {
    CHECK(values_of(parse(kType, npy("|b1", "(2, 2)", std::string("\0\1\1\0", 4)), kTinyGrey)) ==
          std::vector<float>{0, 1, 1, 0});
    std::string halves;
    for (const int bits : {0x0000, 0x5bf8, 0x3800, 0x0001}) append_le(halves, static_cast<std::uint16_t>(bits));
    const auto request = parse(kType, npy("<f2", "(2, 2)", halves), kTinyGrey);
    CHECK(values_of(request) == std::vector<float>{0, 255, 0.5f, 5.9604645e-8f});
    for (const int bits : {0x7c00, 0x7e00, 0xfc00}) {  // infinity, not a number, minus infinity
        halves.clear();
        for (int i = 0; i < 4; ++i) append_le(halves, static_cast<std::uint16_t>(bits));
        CHECK(lacks(refusal(kType, npy("<f2", "(2, 2)", halves), kTinyGrey), {"400 bad_value", "element[0][0]"}) == "");
    }
}

TEST_CASE("npy: shapes are read by their channel axis") {
    const auto two = counting(24, 10);
    const std::vector<float> second(two.begin() + 12, two.end());
    auto both = interleaved();
    const auto second_interleaved = interleaved(second);
    both.insert(both.end(), second_interleaved.begin(), second_interleaved.end());
    struct Case {
        std::string shape;
        std::vector<float> given, expected;
        bool batch;
    };
    for (const auto& [shape, given, expected, batch] : {Case{"(3, 2, 2)", kPlanar, kPlanar, false},
                                                        {"(2, 2, 3)", interleaved(), kPlanar, false},
                                                        {"(1, 3, 2, 2)", kPlanar, kPlanar, true},
                                                        {"(1, 2, 2, 3)", interleaved(), kPlanar, true},
                                                        {"(2, 3, 2, 2)", two, two, true},
                                                        {"(2, 2, 2, 3)", both, two, true},
                                                        {"(12,)", kPlanar, kPlanar, false},
                                                        {"(2, 12)", two, two, true}}) {
        INFO(shape);
        const auto bytes = parse(kType, npy("|u1", shape, u8(given)));
        CHECK(values_of(bytes) == expected);
        CHECK(bytes.form.batch == batch);
        CHECK(bytes.pixels.images == expected.size() / 12);
        CHECK(bytes.form.envelope == Envelope::bare);
        CHECK(values_of(parse(kType, npy("<f4", shape, packed<float>(given)))) == expected);
    }
}

TEST_CASE("npy: grey models take images without a channel axis") {
    const auto four = counting(4);
    for (const auto& [shape, batch] : {std::pair{"(2, 2)", false},
                                       {"(1, 2, 2)", false},
                                       {"(2, 2, 1)", false},
                                       {"(4,)", false},
                                       {"(1, 4)", true},
                                       {"(1, 1, 2, 2)", true},
                                       {"(1, 2, 2, 1)", true}}) {
        INFO(shape);
        const auto request = parse(kType, npy("|u1", shape, u8(four)), kTinyGrey);
        CHECK(values_of(request) == four);
        CHECK(request.form.batch == batch);
    }
    const auto several = parse(kType, npy("|u1", "(3, 2, 2)", u8(counting(12))), kTinyGrey);
    CHECK(several.pixels.images == 3);
    CHECK(several.form.batch);
}

TEST_CASE("npy: Fortran order is turned") {
    // (3, 2, 2) with the first axis innermost: c + 3 * (y + 2 * x)
    std::vector<float> fortran(12);
    for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t y = 0; y < 2; ++y) {
            for (std::size_t x = 0; x < 2; ++x) fortran[c + 3 * (y + 2 * x)] = kPlanar[c * 4 + y * 2 + x];
        }
    }
    CHECK(values_of(parse(kType, npy("|u1", "(3, 2, 2)", u8(fortran), true))) == kPlanar);
    CHECK(values_of(parse(kType, npy("<f8", "(3, 2, 2)", packed<double>(fortran), true))) == kPlanar);
    // (2, 12): the images alternate
    std::vector<float> rows(24);
    for (std::size_t i = 0; i < 12; ++i) {
        rows[2 * i] = kPlanar[i];
        rows[2 * i + 1] = 1;
    }
    auto expected = kPlanar;
    expected.insert(expected.end(), 12, 1.0f);
    CHECK(values_of(parse(kType, npy("|u1", "(2, 12)", u8(rows), true))) == expected);
    CHECK(
        lacks(refusal(kType, npy("<i2", "(2, 12)", packed<std::int16_t>(std::vector<float>(23, 0)) + "\x01\x01", true)),
              {"element[1][11]", "found 257"}) == "");
}

TEST_CASE("npy: other sizes are resized like images") {
    const std::string file = npy("|u1", "(4, 4, 3)", std::string(48, '\x40'));
    CHECK(values_of(parse(kType, file)) == std::vector<float>(12, 64));
    const auto half = parse(kType, npy("<f4", "(1, 2, 4)", packed<float>({0, 1, 2, 3, 4, 6, 8, 11})), kTinyGrey);
    CHECK(values_of(half) == std::vector<float>{0.5f, 2.5f, 5, 9.5f});
    CHECK(parse(kType, npy("|u1", "(2, 1, 1, 3)", "abcdef")).pixels.images == 2);
}

TEST_CASE("npy: values are pixels") {
    const auto with = [](float value) {
        auto values = kPlanar;
        values[7] = value;
        return npy("<f4", "(3, 2, 2)", packed<float>(values));
    };
    CHECK(values_of(parse(kType, with(255.4f)))[7] == 255.0f);
    CHECK(values_of(parse(kType, with(-0.4f)))[7] == 0.0f);
    CHECK(lacks(refusal(kType, with(-0.6f)), {"400 bad_value: element[1][1][1]: ", "found -0.6", "normalised"}) == "");
    CHECK(lacks(refusal(kType, with(256)), {"400 bad_value", "0..255", "found 256"}) == "");
    CHECK(lacks(refusal(kType, with(std::numeric_limits<float>::quiet_NaN())), {"found NaN"}) == "");
    CHECK(lacks(refusal(kType, with(std::numeric_limits<float>::infinity())), {"found inf"}) == "");
    CHECK(lacks(refusal(kType, npy("|i1", "(12,)", std::string(11, '\0') + '\xff')), {"[11]", "found -1"}) == "");
    CHECK(lacks(refusal(kType, npy("<i8", "(12,)", packed<std::int64_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, 0}))),
                {"element[10]", "found -1"}) == "");
    CHECK(lacks(refusal(kType, npy("<u2", "(12,)", packed<std::uint16_t>(std::vector<float>(12, 256)))),
                {"element[0]", "found 256"}) == "");
    CHECK(lacks(refusal(kType, npy("<f8", "(12,)",
                                   packed<double>(std::vector<float>(11, 0)) + std::string("\0\0\0\0\0\0\xf0\x7e", 8))),
                {"element[11]"}) == "");
}

TEST_CASE("npy: floats of 0..1 are suspicious") {
    CHECK(parse(kType, npy("<f4", "(12,)", packed<float>(std::vector<float>(12, 1)))).suspicious_range);
    CHECK_FALSE(parse(kType, npy("<f4", "(12,)", packed<float>(std::vector<float>(12, 0)))).suspicious_range);
    CHECK_FALSE(parse(kType, npy("<f4", "(12,)", packed<float>(kPlanar))).suspicious_range);
    CHECK_FALSE(parse(kType, npy("|u1", "(12,)", std::string(12, '\1'))).suspicious_range);
}

TEST_CASE("npy: shapes that fit no image") {
    for (const auto& [shape, count] : {std::pair{"()", 1},
                                       {"(11,)", 11},
                                       {"(2, 6)", 12},
                                       {"(2, 3, 2)", 12},
                                       {"(1, 2, 3, 2)", 12},
                                       {"(1, 1, 3, 2, 2)", 12}}) {
        INFO(shape);
        CHECK(lacks(refusal(kType, npy("|u1", shape, std::string(static_cast<std::size_t>(count), 'a'))),
                    {"400 wrong_shape", "(3, 2, 2)", "(2, 2, 3)", "(12,)"}) == "");
    }
    for (const auto* shape : {"(0, 3, 2, 2)", "(0,)", "(3, 0, 2)"}) {
        CHECK(lacks(refusal(kType, npy("|u1", shape, "")), {"400 empty_body"}) == "");
    }
    CHECK(lacks(refusal(kType, npy("|u1", "(65536, 1)", std::string(65536, 'a')), kTinyGrey), {"wrong_shape"}) == "");
}

TEST_CASE("npy: the size has to be what the shape needs") {
    CHECK(lacks(refusal(kType, npy("|u1", "(3, 2, 2)", std::string(11, 'a'))),
                {"400 bad_npy", "needs 12", "found 11", "cut off"}) == "");
    CHECK(lacks(refusal(kType, npy("|u1", "(3, 2, 2)", std::string(13, 'a'))), {"needs 12", "found 13"}) == "");
    CHECK(lacks(refusal(kType, npy("<f8", "(4294967296, 4294967296)", "")), {"larger than any memory"}) == "");
    CHECK(lacks(refusal(kType, npy("<f8", "(2305843009213693952,)", "")), {"larger than any memory"}) == "");
    CHECK(lacks(refusal(kType, npy("|u1", "(99999999999999999999,)", "")), {"shape"}) == "");
    CHECK(lacks(refusal(kType, npy("|u1", "(0, 18446744073709551615)", "")), {"empty_body"}) == "");
}

TEST_CASE("npy: headers as NumPy writes and may write them") {
    for (const auto* header : {"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }        ",
                               "{\"shape\": (3,2,2), \"descr\":\"|u1\",\"fortran_order\":False}",
                               "{'descr': 'u1', 'fortran_order': False, 'shape': (3L, 2L, 2L)}",
                               "  {  'shape' : ( 12 , ) , 'fortran_order' : False , 'descr' : '|u1' , }  \n "}) {
        INFO(header);
        CHECK(values_of(parse(kType, npy_with_header(header, u8(kPlanar)))) == kPlanar);
    }
    for (const int version : {1, 2, 3}) {
        CHECK(values_of(parse("tensor/pt", npy("|u1", "(3, 2, 2)", u8(kPlanar), false, version))) == kPlanar);
    }
}

TEST_CASE("npy: what is not read") {
    const auto type = [](const std::string& descr) {
        return header_refusal("{'descr': " + descr + ", 'fortran_order': False, 'shape': (12,)}");
    };
    CHECK(lacks(type("'|O'"), {"400 bad_npy", "pickle"}) == "");
    CHECK(lacks(type("[('a', '<f4')]"), {"structures"}) == "");
    CHECK(lacks(type("'<c8'"), {"complex"}) == "");
    CHECK(lacks(type("'<U3'"), {"text"}) == "");
    for (const auto* descr : {"'<f16'", "'<i3'", "'b2'", "''", "'<'", "'f1'", "'M8[ns]'", "'\\x00'"}) {
        INFO(descr);
        CHECK(lacks(type(descr), {"400 bad_npy"}) == "");
    }
}

TEST_CASE("npy: damaged headers") {
    for (const auto* header :
         {"", "{", "{}", "{'descr': '|u1'}", "{'descr': '|u1', 'fortran_order': False, 'shape': (12,)} x",
          "{'descr': '|u1', 'fortran_order': 0, 'shape': (12,)}",
          "{'descr': '|u1', 'fortran_order': False, 'shape': 12}",
          "{'descr': '|u1', 'fortran_order': False, 'shape': (-12,)}",
          "{'descr': '|u1', 'fortran_order': False, 'shape': (12",
          "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (12,)}",
          "{'descr': '|u1', 'fortran_order': False, 'shape': (12,), 'x': 1}", "{'descr: '|u1'}", "{'descr"}) {
        INFO(header);
        CHECK(lacks(header_refusal(header), {"400 bad_npy"}) == "");
    }
    const std::string sound = npy("|u1", "(3, 2, 2)", u8(kPlanar));
    for (std::size_t size = 1; size < sound.size(); ++size) {
        CHECK(lacks(refusal(kType, sound.substr(0, size)), {"400 bad_npy"}) == "");
    }
    std::string version = sound;
    version[6] = 4;
    CHECK(lacks(refusal(kType, version), {"version is 4"}) == "");
    CHECK(lacks(refusal(kType, std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)), {"header has 4294967295"}) == "");
    CHECK(lacks(refusal(kType, "\x89PNG\r\n\x1a\n"), {"numpy.save"}) == "");
}
