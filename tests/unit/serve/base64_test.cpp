#include "tundish/serve/base64.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/serve/request_error.hpp"

#include <utility>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string decoded(std::string_view text) {
    return std::string(as_text(decode_base64(text)));
}

std::string refused(std::string_view text) {
    return message_of<RequestError>([&] { decode_base64(text); });
}

}  // namespace

TEST_CASE("base64 of every length, with and without padding (RFC 4648)") {
    for (const auto& [text, bytes] : {std::pair{"", ""},
                                      {"Zg==", "f"},
                                      {"Zm8=", "fo"},
                                      {"Zm9v", "foo"},
                                      {"Zm9vYg==", "foob"},
                                      {"Zm9vYmE=", "fooba"},
                                      {"Zm9vYmFy", "foobar"},
                                      {"Zg", "f"},
                                      {"Zm8", "fo"},
                                      {" Zm9v\r\nYmFy\n", "foobar"},
                                      {"Zg=\n=", "f"},
                                      {"-_-_", "\xfb\xff\xbf"},
                                      {"+/+/", "\xfb\xff\xbf"}}) {
        INFO(text);
        CHECK(decoded(text) == bytes);
    }
}

TEST_CASE("damaged base64 says where") {
    CHECK(lacks(refused("Zm9v!mFy"), {"not base64", "character 4"}) == "");
    CHECK(lacks(refused("Zg==Zg=="), {"follows the padding", "character 4"}) == "");
    CHECK(lacks(refused("Z"), {"ends too early"}) == "");
    CHECK(lacks(refused("Zm9vY"), {"ends too early"}) == "");
    CHECK(lacks(refused("Zg="), {"padding"}) == "");
    CHECK(lacks(refused("Zg==="), {"padding"}) == "");
    CHECK(lacks(refused("===="), {"padding"}) == "");
    CHECK(lacks(refused("Zh=="), {"mid-byte"}) == "");
}

TEST_CASE("images are known by their first characters") {
    CHECK(looks_like_base64_image("iVBORw0KGgoAAAA"));
    CHECK(looks_like_base64_image(" /9j/4AAQ"));
    CHECK(looks_like_base64_image("data:image/png;base64,AAAA"));
    CHECK_FALSE(looks_like_base64_image("1,2,3"));
    CHECK_FALSE(looks_like_base64_image(""));
}
