#include "tundish/data/data_part.hpp"

#include "support/catch.hpp"

using namespace tundish;

TEST_CASE("a part of a set of training and test files") {
    const std::vector<int> train{1, 2};
    const std::vector<int> test{3};
    CHECK(pick_part(train, test, DataPart::all) == std::vector<int>{1, 2, 3});
    CHECK(pick_part(train, test, DataPart::train) == train);
    CHECK(pick_part(train, test, DataPart::test) == test);
    CHECK(pick_part(train, test, DataPart::evaluation) == test);
}

TEST_CASE("without test files the training files are evaluated, but nothing is tested") {
    const std::vector<int> train{1, 2};
    CHECK(pick_part(train, {}, DataPart::evaluation) == train);
    CHECK(pick_part(train, {}, DataPart::test).empty());
}
