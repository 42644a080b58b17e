#include "tundish/base/log.hpp"

#include "support/catch.hpp"
#include "support/logged.hpp"

using namespace tundish;
using tundish::testing::logged_by;

TEST_CASE("a line of the log is UTF-8 in one line, whatever the message quotes") {
    const auto line_of = [](const std::string& message) { return logged_by([&] { log_plain(message); }); };
    CHECK(line_of("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") == "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\n");
    CHECK(line_of("a\xFFz\xC3") == "a?z?\n");
    CHECK(line_of("\xE2\x82z \xED\xA0\x80") == "??z ???\n");
    CHECK(line_of("one\ntwo\r\n\tthree\x1B[31m") == "one two   three [31m\n");
    CHECK(line_of(std::string("nul\0bell\a del\x7F nel\xC2\x85.", 21)) == "nul bell  del  nel .\n");
    CHECK(logged_by([] { log_warning("byte \xFF"); }).find("warning byte ?\n") != std::string::npos);
}
