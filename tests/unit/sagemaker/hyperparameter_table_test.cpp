#include "tundish/sagemaker/hyperparameter_table.hpp"

#include "support/catch.hpp"
#include "tundish/base/text.hpp"

#include <limits>
#include <map>
#include <set>

using namespace tundish;

TEST_CASE("the table is complete and without contradictions") {
    std::set<std::string> names;
    for (const auto& row : hyperparameter_table()) {
        INFO(row.name);
        CHECK(names.insert(row.name).second);
        for (const auto& alias : row.aliases) CHECK(names.insert(alias).second);
        CHECK(row.sentence.ends_with('.'));
        CHECK(row.sentence.size() <= 900);
        CHECK(row.lowest <= row.highest);
        CHECK(row.highest <= 9007199254740992.0);
        CHECK((row.kind == ValueKind::choice) == !row.choices.empty());
        CHECK((row.support == Support::built) == static_cast<bool>(row.store));
        if (row.support == Support::planned) CHECK_FALSE(row.default_text.empty());
    }
    CHECK(names.size() <= 100);  // SageMaker's limit
}

TEST_CASE("every default can be given as a value and changes nothing") {
    for (const auto& row : hyperparameter_table()) {
        if (row.default_text.empty()) continue;
        INFO(row.name);
        CHECK_NOTHROW(parse_hyperparameters(text("{\"", row.name, "\":\"", row.default_text, "\"}")));
    }
    std::map<std::string, std::string> defaults;
    for (const auto& row : hyperparameter_table()) defaults[row.name] = row.default_text;
    CHECK(defaults["model"] == "auto");
    CHECK(defaults["beta_2"] == "0.999");
    CHECK(defaults["data_format"] == "auto");
    CHECK(defaults["epochs"].empty());
    CHECK(defaults["progress"] == "true");
    CHECK(defaults["log_level"] == "info");
}

TEST_CASE("both ends of every range are accepted and what lies outside is not") {
    for (const auto& row : hyperparameter_table()) {
        if (row.support != Support::built || (row.kind != ValueKind::integer && row.kind != ValueKind::number))
            continue;
        INFO(row.name);
        const auto accepts = [&](double value) {
            try {
                parse_hyperparameters(text("{\"", row.name, "\":\"", plain_number(value), "\"}"));
                return true;
            } catch (const std::exception& error) {
                // Fields may contradict each other; only the range counts here.
                return std::string(error.what()).find("is outside") == std::string::npos;
            }
        };
        CHECK(accepts(row.lowest));
        CHECK(accepts(row.highest));
        CHECK_FALSE(accepts(row.highest + 1));
        CHECK_FALSE(accepts(row.lowest - 1));
    }
}

TEST_CASE("numbers are printed without exponents where that is readable") {
    CHECK(plain_number(0.001) == "0.001");
    CHECK(plain_number(0) == "0");
    CHECK(plain_number(1048576) == "1048576");
    CHECK(plain_number(0.1) == "0.1");
    CHECK(plain_number(1e-12) == "1e-12");
    CHECK(plain_number(-2.5) == "-2.5");
}
