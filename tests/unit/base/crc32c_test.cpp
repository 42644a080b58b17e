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

TEST_CASE("crc32c of any length, at any alignment, is that of its bytes one by one") {
    Bytes all(7000);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i * i * 31 + i / 7);
    std::int64_t wrong = 0;
    for (std::size_t from = 0; from < 9; ++from) {
        std::uint32_t one_by_one = 0;
        for (std::size_t size = 0; from + size < all.size(); ++size) {
            if (crc32c(ByteSpan(all).subspan(from, size)) != one_by_one) ++wrong;
            one_by_one = crc32c(ByteSpan(all).subspan(from + size, 1), one_by_one);
        }
    }
    CHECK(wrong == 0);
    CHECK(crc32c(ByteSpan(all).subspan(3000), crc32c(ByteSpan(all).first(3000))) == crc32c(all));
}
