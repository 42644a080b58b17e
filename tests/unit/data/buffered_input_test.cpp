#include "tundish/data/buffered_input.hpp"

#include "support/catch.hpp"
#include "support/framed_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/random.hpp"

using namespace tundish;
using namespace tundish::testing;

TEST_CASE("peek shows what is wanted, or all that is left") {
    BufferedInput input(memory_source("abcdefghij", 3), 4);
    CHECK(as_text(input.peek(2)) == "ab");
    CHECK(as_text(input.peek(4)) == "abcd");
    input.consume(1);
    CHECK(input.offset() == 1);
    CHECK(as_text(input.peek(5)) == "bcdef");
    input.consume(5);
    CHECK(as_text(input.peek(100)) == "ghij");
    CHECK(input.offset() == 6);
    input.consume(4);
    CHECK(input.peek(1).empty());
    CHECK(input.peek(1000).empty());
    CHECK(input.offset() == 10);
    CHECK_FALSE(input.next_part());
}

TEST_CASE("a span stays valid until the next peek, consumed or not") {
    BufferedInput input(memory_source("abcdefgh"), 8);
    const auto span = input.peek(4);
    input.consume(4);
    CHECK(as_text(span) == "abcd");
}

TEST_CASE("any sequence of peeks and consumes gives the bytes of the source in order") {
    const auto content = made_up(3, 50'000);
    for (std::uint64_t run = 0; run < 20; ++run) {
        BufferedInput input(memory_source(content, run), 64 + run);
        std::size_t at = 0;
        std::int64_t wrong = 0;
        for (std::uint64_t i = 0; at < content.size(); ++i) {
            const auto size = static_cast<std::size_t>(random_below(300, {run, i}));
            const auto bytes = as_text(input.peek(size));
            wrong += bytes == std::string_view(content).substr(at, size) && input.offset() == at ? 0 : 1;
            const auto taken =
                static_cast<std::size_t>(random_below(static_cast<std::int64_t>(bytes.size()) + 1, {run, i, 1}));
            input.consume(taken);
            at += taken;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("a claim of much that brings little takes little memory") {
    BufferedInput input(memory_source("few", 1), 16);
    CHECK(as_text(input.peek(std::size_t{1} << 50U)) == "few");  // allocating this would throw
}

TEST_CASE("offsets start again in the next part, which may be entered from anywhere") {
    BufferedInput input(std::make_unique<MemorySource>(std::vector<std::string>{"abc", "", "xyz"}), 2);
    input.peek(2);
    input.consume(1);
    REQUIRE(input.next_part());
    CHECK(input.peek(1).empty());
    CHECK(input.offset() == 0);
    REQUIRE(input.next_part());
    CHECK(as_text(input.peek(9)) == "xyz");
    CHECK(input.source().place() == "part-2");
    CHECK_FALSE(input.next_part());
}
