#include "tundish/data/labels.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/base/error.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::int64_t label(std::string_view value, LabelFormat format = LabelFormat::multi_hot, std::int64_t classes = 0) {
    return parse_label(as_bytes(value), format, classes);
}

std::string label_error(std::string_view value, LabelFormat format = LabelFormat::multi_hot, std::int64_t classes = 0) {
    return message_of<DataError>([&] { label(value, format, classes); });
}

}  // namespace

TEST_CASE("labels are numbers, quoted or not, whole in whatever way they are written") {
    for (const auto& [written, expected] : {std::pair{"0", 0},
                                            {"7", 7},
                                            {" 7\n", 7},
                                            {"\"7\"", 7},
                                            {"\" 7 \"", 7},
                                            {"7.0", 7},
                                            {"3.000000", 3},
                                            {"1e2", 100},
                                            {"999999", 999'999}}) {
        INFO(written);
        CHECK(label(written) == expected);
        CHECK(label(written, LabelFormat::class_id) == expected);
    }
}

TEST_CASE("multi-hot lists name the class of their only 1, class-id lists their only value") {
    CHECK(label("[1, 0, 0]") == 0);
    CHECK(label("[0,0,1]") == 2);
    CHECK(label("\"[0, 1]\"") == 1);
    CHECK(label(" [ 0.0 , 1.0 ] ") == 1);
    CHECK(label("[\"0\", \"1\"]") == 1);
    CHECK(label("[0,1,0]", LabelFormat::multi_hot, 3) == 1);
    CHECK(label("[2]", LabelFormat::class_id) == 2);
    CHECK(label("[0]", LabelFormat::class_id) == 0);
}

TEST_CASE("several classes, none, or a list of the wrong kind are told apart") {
    CHECK(lacks(label_error("[1, 0, 1]"), {"2 classes set", "single label"}) == "");
    CHECK(lacks(label_error("[0, 0]"), {"no classes set"}) == "");
    CHECK(lacks(label_error("[0, 2]"), {"holds 2", "0 and 1 only", "single label"}) == "");
    CHECK(lacks(label_error("[1]"), {"list of one number", "'application/x-recordio; label-format=class-id'"}) == "");
    CHECK(lacks(label_error("[]"), {"empty list"}) == "");
    CHECK(lacks(label_error("[0, 2]", LabelFormat::class_id), {"names 2 classes", "single label"}) == "");
    CHECK(lacks(label_error("[0, 1, 0]", LabelFormat::multi_hot, 10), {"3 values", "expected 10", "num_classes"}) ==
          "");
}

TEST_CASE("what is no label is described") {
    CHECK(lacks(label_error("{\"class-name\": \"cat\", \"confidence\": 0.9}"), {"JSON object", "AttributeNames"}) ==
          "");
    CHECK(lacks(label_error("\xFF\xD8\xFF\xE0 and so on"), {"JPEG image"}) == "");
    CHECK(lacks(label_error(""), {"no bytes at all"}) == "");
    CHECK(lacks(label_error("cat"), {"text that begins 'cat'"}) == "");
    for (const auto* bad : {"1 2", "[1", "1]", "[1,,0]", "[1,0,]", "[[1]]", "\"", "0x3", "true", "--1", "[a]"}) {
        INFO(bad);
        CHECK(label_error(bad).starts_with("expected a label"));
    }
}

TEST_CASE("labels outside of the classes and fractions are refused") {
    CHECK(lacks(label_error("1.5"), {"1.5", "whole number"}) == "");
    CHECK(lacks(label_error("-1"), {"-1", "count from 0"}) == "");
    CHECK(lacks(label_error("nan"), {"whole number"}) == "");
    CHECK(lacks(label_error("inf"), {"whole number"}) == "");
    CHECK(lacks(label_error("1e30"), {"outside 0..999999"}) == "");
    CHECK(lacks(label_error("10", LabelFormat::multi_hot, 10), {"label 10", "0..9", "num_classes"}) == "");
    CHECK(label("9", LabelFormat::multi_hot, 10) == 9);
    CHECK_NOTHROW(check_label_range(5, 0));
    CHECK_THROWS_AS(check_label_range(-1, 0), DataError);
}

TEST_CASE("the content type says what lists are") {
    CHECK(label_format_of("application/x-recordio") == LabelFormat::multi_hot);
    CHECK(label_format_of("") == LabelFormat::multi_hot);
    CHECK(label_format_of("application/x-image; label-format=class-id") == LabelFormat::class_id);
    CHECK(label_format_of("application/x-image;a=b; Label-Format = \"multi-hot\" ;c") == LabelFormat::multi_hot);
    const auto message = message_of<ConfigError>([] { label_format_of("image/png;label-format=one-hot"); });
    CHECK(lacks(message, {"'one-hot'", "expected multi-hot, for lists of 0 and 1", "or class-id, for"}) == "");
}
