#include "tundish/base/bytes.hpp"

#include "support/catch.hpp"

using namespace tundish;

TEST_CASE("numbers are read in either order of their bytes, wherever they lie") {
    const std::array<std::uint8_t, 9> bytes{0xEE, 0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x08};
    CHECK(load_le<std::uint16_t>(&bytes[1]) == 0x0201);
    CHECK(load_be<std::uint16_t>(&bytes[1]) == 0x0102);
    CHECK(load_le<std::uint32_t>(&bytes[1]) == 0x84030201);
    CHECK(load_be<std::uint32_t>(&bytes[1]) == 0x01020384);
    CHECK(load_be<std::uint64_t>(&bytes[1]) == 0x0102038405060708);
    CHECK(load_be<std::int32_t>(&bytes[4]) == -0x7BFAF9F9);
    CHECK(load_be<std::uint8_t>(&bytes[4]) == 0x84);
}

TEST_CASE("a number is appended as it is read") {
    std::string out = "x";
    append_le(out, std::uint32_t{0x01020384});
    CHECK(out == "x\x84\x03\x02\x01");
    CHECK(load_le<std::uint32_t>(as_bytes(out).data() + 1) == 0x01020384);
}
