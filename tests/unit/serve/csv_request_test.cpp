#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/requests.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

constexpr auto kCsv = "text/csv";

std::string refused(std::string_view body) {
    return refusal(kCsv, body, kTinyGrey);
}

}  // namespace

TEST_CASE("csv: a row is an image") {
    for (const auto* body :
         {"0,1,2,3", "0,1,2,3\n", "0,1,2,3\r\n", " 0 ,\t1, 2 ,3 \r\n\r\n", "0.0,1e0,+2,3.", "00,01,002,0003",
          "\xEF\xBB\xBF"
          "0,1,2,3"}) {
        INFO(body);
        const auto request = parse(kCsv, body, kTinyGrey);
        CHECK(values_of(request) == counting(4));
        CHECK(request.pixels.images == 1);
        CHECK_FALSE(request.form.batch);
        CHECK(request.form.envelope == Envelope::lines);
    }
    const auto two = parse("text/csv; charset=utf-8; header=absent", "0,1,2,3\r\n4,5,6,7.5", kTinyGrey);
    CHECK(two.pixels.images == 2);
    CHECK(two.form.batch);
    CHECK(values_of(two).back() == 7.5f);
}

TEST_CASE("csv: refusals name row and column") {
    CHECK(lacks(refused("a,b,c,d\n0,1,2,3"), {"400 bad_csv: row 0, column 0: ", "'a'", "header line"}) == "");
    CHECK(lacks(refused("0,1,2,3\n0,1,x2,3"), {"row 1, column 2", "'x2'"}) == "");
    CHECK(lacks(refused("0,1,2x,3"), {"row 0, column 2", "'x'"}) == "");
    CHECK(lacks(refused("0,,2,3"), {"row 0, column 1", "nothing"}) == "");
    CHECK(lacks(refused("0,1,2,"), {"row 0, column 3", "nothing"}) == "");
    CHECK(lacks(refused("0,1,2,3\n\n0,1,2,3"), {"row 1, column 0", "nothing"}) == "");
    CHECK(lacks(refused("0;1;2;3"), {"row 0, column 0", "';1;2;3'"}) == "");
    CHECK(lacks(refused("\"0\",1,2,3"), {"row 0, column 0"}) == "");
    CHECK(lacks(refused("0,1,2,3\n0,1,2"), {"400 wrong_shape: row 1 has 3 numbers; expected 4"}) == "");
    CHECK(lacks(refused("0,1,2,3,4"), {"row 0 has 5 numbers"}) == "");
    CHECK(lacks(refused("0,1,2,3\n0,1,2,256"), {"400 bad_value: row 1, column 3: ", "found 256"}) == "");
    CHECK(lacks(refused("0,1,nan,3"), {"row 0, column 2", "NaN"}) == "");
    CHECK(lacks(refused("0,1,inf,3"), {"bad_value: row 0, column 2"}) == "");
    CHECK(lacks(refused("0,1,1e99,3"), {"bad_value: row 0, column 2"}) == "");
    CHECK(lacks(refused("0,1,-1e99,3"), {"bad_value: row 0, column 2"}) == "");
    CHECK(values_of(parse(kCsv, "0,1,1e-99,3", kTinyGrey))[2] == 0);
    CHECK(lacks(refused(" \n"), {"400 empty_body"}) == "");
    CHECK(refused("0," + std::string(5'000, '\x01')).size() < 200);
}

TEST_CASE("csv: text/plain is CSV unless it is something else") {
    CHECK(values_of(parse("text/plain", "0,1,2,3", kTinyGrey)) == counting(4));
    CHECK(values_of(parse("text/plain", "[[0,1],[2,3]]", kTinyGrey)) == counting(4));
}
