#include "tundish/serve/error_body.hpp"

#include "support/catch.hpp"

#include <string>

using namespace tundish;

TEST_CASE("an error is a short JSON object") {
    CHECK(error_json("bad_image", "no PNG") == R"({"error":"bad_image","message":"no PNG"})");
    CHECK(error_json("a", "\"\\\n\x01/") == R"({"error":"a","message":"\"\\\n\u0001/"})");
}

TEST_CASE("what is no UTF-8 is replaced") {
    CHECK(error_json("a", "b\xff\xc3") == "{\"error\":\"a\",\"message\":\"b\xEF\xBF\xBD\xEF\xBF\xBD\"}");
    CHECK(error_json("a", "\xc0\xaf") == "{\"error\":\"a\",\"message\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}");
    CHECK(error_json("a", "caf\xc3\xa9 \xe2\x80\xa6 \xf0\x9f\x90\xb1") ==
          "{\"error\":\"a\",\"message\":\"caf\xc3\xa9 \xe2\x80\xa6 \xf0\x9f\x90\xb1\"}");
}

TEST_CASE("long messages are cut between characters") {
    for (const std::string piece : {"a", "\x01", "\xff", "\xc3\xa9", "\"", "\xf0\x9f\x90\xb1", "ab\xe2\x80\xa6"}) {
        std::string message;
        while (message.size() < 5'000) message += piece;
        const std::string body = error_json(std::string(500, 'c'), message);
        CHECK(body.size() < 2'048);
        CHECK(body.size() > 1'900);
        CHECK(body.ends_with("\"}"));
    }
}
