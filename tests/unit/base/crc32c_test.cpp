#include "tundish/base/crc32c.hpp"

#include "support/catch.hpp"

#include <string>

using namespace tundish;

TEST_CASE("crc32c gives the published check values") {
    CHECK(crc32c(as_bytes("123456789")) == 0xE3069283U);
    CHECK(crc32c({}) == 0U);
    CHECK(crc32c(Bytes(32, 0)) == 0x8A9136AAU);     // RFC 3720, B.4
    CHECK(crc32c(Bytes(32, 0xFF)) == 0x62A8AB43U);  // RFC 3720, B.4
}

TEST_CASE("crc32c continues a running sum wherever the bytes are cut") {
    const std::string all = "The quick brown fox jumps over the lazy dog";
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        CHECK(crc32c(as_bytes(all.substr(cut)), crc32c(as_bytes(all.substr(0, cut)))) == crc32c(as_bytes(all)));
    }
}

TEST_CASE("masked_crc32c rotates by 15 bits and adds TFRecord's constant") {
    const std::uint32_t crc = 0xE3069283U;
    CHECK(masked_crc32c(as_bytes("123456789")) == ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U);
}
