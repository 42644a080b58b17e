#include "tundish/sagemaker/failure.hpp"

#include "support/catch.hpp"
#include "support/temp_folder.hpp"

using namespace tundish;
using tundish::testing::TempFolder;

TEST_CASE("a failure text is cut between characters") {
    CHECK(failure_text("  cause\n") == "cause");
    CHECK(failure_text("").empty());
    std::string long_text = "x";
    for (int i = 0; i < 400; ++i) long_text += "€";
    const std::string cut = failure_text(long_text);
    CHECK(cut.size() == 1 + 341 * 3);
    CHECK(long_text.starts_with(cut));
    CHECK(failure_text(std::string(5000, 'a')).size() == 1024);
}

TEST_CASE("a failure text is always whole UTF-8") {
    CHECK(failure_text("a\xff"
                       "b") == "a?b");
    CHECK(failure_text("\xe2\x82") == "??");
    CHECK(failure_text("\xc0\xaf\xed\xa0\x80") == "?????");
    CHECK(failure_text("ä€😀") == "ä€😀");
    CHECK(failure_text(std::string_view("a\0b", 3)) == "a?b");
    CHECK(failure_text(std::string(5000, '\x80')).size() == 1024);
}

TEST_CASE("the failure file is written whole, replaced, and removed at the next start") {
    const TempFolder root;
    const Paths paths(root.path());
    write_failure(paths, "first\nsecond line");
    CHECK(root.read("output/failure") == "first\nsecond line");
    write_failure(paths, "again");
    CHECK(root.read("output/failure") == "again");
    CHECK(std::distance(std::filesystem::directory_iterator(paths.output()), {}) == 1);
    remove_stale_failure(paths);
    CHECK_FALSE(std::filesystem::exists(paths.failure()));
    remove_stale_failure(paths);
}

TEST_CASE("a failure file that cannot be written harms nobody") {
    const TempFolder root;
    write_failure(Paths(root.path() / "missing"), "x");
    CHECK_FALSE(std::filesystem::exists(root.path() / "missing"));
    root.write("output", "a file where a folder should be");
    write_failure(Paths(root.path()), "x");
    remove_stale_failure(Paths(root.path()));
    CHECK(root.read("output") == "a file where a folder should be");
}
