#include "tundish/base/text.hpp"

#include "support/catch.hpp"

#include <cmath>

using namespace tundish;

TEST_CASE("text joins its arguments") {
    CHECK(text("record ", 17, ": label ", -1, '.') == "record 17: label -1.");
}

TEST_CASE("fixed never writes an exponent") {
    CHECK(fixed(0.0000001, 4) == "0.0000");
    CHECK(fixed(12345678.25, 1) == "12345678.2");
    CHECK(fixed(0.93999, 4) == "0.9400");
}

TEST_CASE("human_bytes counts in powers of a thousand") {
    CHECK(human_bytes(17) == "17 bytes");
    CHECK(human_bytes(1500) == "1.5 kB");
    CHECK(human_bytes(312'000'000) == "312 MB");
    CHECK(human_bytes(1'500'000'000) == "1.5 GB");
}

TEST_CASE("human_seconds chooses its units") {
    CHECK(human_seconds(4.2) == "4.2 s");
    CHECK(human_seconds(200) == "3 min 20 s");
    CHECK(human_seconds(7500) == "2 h 05 min");
}

TEST_CASE("the first line") {
    CHECK(first_line("cause\nframe 1\nframe 2") == "cause");
    CHECK(first_line("cause") == "cause");
    CHECK(first_line("").empty());
}

TEST_CASE("trim and lower") {
    CHECK(trim(" \ta b\r\n") == "a b");
    CHECK(trim(" \n").empty());
    CHECK(lower("MixeD-9") == "mixed-9");
}

TEST_CASE("a number is the whole text or nothing") {
    CHECK(parse_number<int>("-17") == -17);
    CHECK(parse_number<double>("2.5e1") == 25.0);
    CHECK(std::isnan(parse_number<double>("nan").value()));
    for (const char* other : {"", "+1", " 1", "1 ", "1x", "x", "2147483648"}) CHECK_FALSE(parse_number<int>(other));
    CHECK_FALSE(parse_number<unsigned>("-1"));
    CHECK_FALSE(parse_number<int>("1.5"));
}

TEST_CASE("join puts the separator between items only") {
    CHECK(join({}, ", ").empty());
    CHECK(join({"a", "b"}, ", ") == "a, b");
}

TEST_CASE("utf8_prefix does not cut a character") {
    const std::string word = "a\xC3\xA9z";  // a, é, z
    CHECK(utf8_prefix(word, 10) == word);
    CHECK(utf8_prefix(word, 2) == "a");
    CHECK(utf8_prefix(word, 3) == "a\xC3\xA9");
}

TEST_CASE("the length of a UTF-8 character") {
    CHECK(utf8_character_length("az") == 1);
    CHECK(utf8_character_length(std::string_view("\0", 1)) == 1);
    CHECK(utf8_character_length("\xC3\xA9z") == 2);
    CHECK(utf8_character_length("\xE2\x82\xAC") == 3);
    CHECK(utf8_character_length("\xF0\x9F\x98\x80") == 4);
    CHECK(utf8_character_length("\xF4\x8F\xBF\xBF") == 4);  // U+10FFFF
}

TEST_CASE("damaged UTF-8 has no character at its beginning") {
    CHECK(utf8_character_length("") == 0);
    CHECK(utf8_character_length("\xA9") == 0);              // a continuation
    CHECK(utf8_character_length("\xC3") == 0);              // cut off
    CHECK(utf8_character_length("\xE2\x82z") == 0);         // cut off by another character
    CHECK(utf8_character_length("\xC0\x80") == 0);          // NUL in two bytes
    CHECK(utf8_character_length("\xE0\x80\x80") == 0);      // NUL in three
    CHECK(utf8_character_length("\xF0\x8F\xBF\xBF") == 0);  // U+FFFF in four
    CHECK(utf8_character_length("\xED\xA0\x80") == 0);      // half of a pair
    CHECK(utf8_character_length("\xF4\x90\x80\x80") == 0);  // beyond U+10FFFF
    CHECK(utf8_character_length("\xF5\x80\x80\x80") == 0);
}

TEST_CASE("nearest_word finds a slip of the pen and nothing else") {
    const std::vector<std::string> known{"epochs", "batch_size", "learning_rate"};
    CHECK(nearest_word("epoch", known) == "epochs");
    CHECK(nearest_word("lerning_rate", known) == "learning_rate");
    CHECK(nearest_word("zzzzzz", known).empty());
}
