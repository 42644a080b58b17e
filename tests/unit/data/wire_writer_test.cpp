#include "tundish/data/wire_writer.hpp"

#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

template <typename Write>
std::string written(Write write) {
    std::string out;
    write(out);
    return out;
}

}  // namespace

// The first number and the string are the examples of protobuf's encoding guide.
TEST_CASE("fields are laid out as protocol buffers have them") {
    CHECK(written([](auto& out) { append_varint_field(out, 1, 150); }) == from_hex("089601"));
    CHECK(written([](auto& out) { append_bytes_field(out, 2, "testing"); }) == from_hex("120774657374696e67"));
    CHECK(written([](auto& out) { append_double_field(out, 1, 1.0); }) == from_hex("09000000000000f03f"));
    CHECK(written([](auto& out) { append_float_field(out, 2, -2.0F); }) == from_hex("15000000c0"));
    CHECK(written([](auto& out) { append_bytes_field(out, 16, ""); }) == from_hex("820100"));  // a key of two bytes
}

TEST_CASE("a varint has seven bits a byte, low ones first") {
    CHECK(written([](auto& out) { append_varint(out, 0); }) == from_hex("00"));
    CHECK(written([](auto& out) { append_varint(out, 127); }) == from_hex("7f"));
    CHECK(written([](auto& out) { append_varint(out, 128); }) == from_hex("8001"));
    CHECK(written([](auto& out) { append_varint(out, ~std::uint64_t{0}); }) == from_hex("ffffffffffffffffff01"));
}
