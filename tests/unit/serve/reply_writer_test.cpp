#include "tundish/serve/reply_writer.hpp"

#include "support/catch.hpp"
#include "support/npy_bytes.hpp"
#include "tundish/serve/npy.hpp"

#include <limits>
#include <stdexcept>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

const std::vector<std::string> kNames{"cat", "d\"o,g"};
const std::vector<float> kOne{0.25f, 0.75f};
const std::vector<float> kTwo{0.25f, 0.75f, 1.0f, 0.0f};

const ReplyForm kSingle{};
const ReplyForm kBatch{Envelope::bare, true, {}};
const ReplyForm kPredictions{Envelope::predictions, true, {}};
const ReplyForm kOutputs{Envelope::outputs, true, {}};
const ReplyForm kLines{Envelope::lines, true, {}};
const ReplyForm kBadLines{Envelope::lines, true, {{0, "bad_json", "a \"b\"\nc"}, {3, "bad_image", "d"}}};

std::string reply(ReplyType type, const ReplyForm& form, const std::vector<float>& probabilities, bool batch = false) {
    return write_reply(type, form, probabilities, kNames, batch);
}

}  // namespace

TEST_CASE("JSON is nested as the request was") {
    CHECK(reply(ReplyType::json, kSingle, kOne) == "[0.25,0.75]");
    CHECK(reply(ReplyType::json, kBatch, kOne) == "[[0.25,0.75]]");
    CHECK(reply(ReplyType::json, kBatch, kTwo) == "[[0.25,0.75],[1,0]]");
    CHECK(reply(ReplyType::json, kPredictions, kTwo) == R"({"predictions":[[0.25,0.75],[1,0]]})");
    CHECK(reply(ReplyType::json, kOutputs, kOne) == R"({"outputs":[[0.25,0.75]]})");
    CHECK(reply(ReplyType::json, kLines, kTwo) == "[[0.25,0.75],[1,0]]");
}

TEST_CASE("verbose JSON names the classes") {
    const std::string cat = R"({"probabilities":[1,0],"labels":["cat","d\"o,g"],"predicted_label":"cat"})";
    const std::string dog = R"({"probabilities":[0.25,0.75],"labels":["cat","d\"o,g"],"predicted_label":"d\"o,g"})";
    CHECK(reply(ReplyType::json_verbose, kSingle, kOne) == dog);
    CHECK(reply(ReplyType::json_verbose, kBatch, kTwo) == "[" + dog + "," + cat + "]");
    CHECK(reply(ReplyType::json_verbose, kPredictions, kOne) == R"({"predictions":[)" + dog + "]}");
    CHECK(reply(ReplyType::json_verbose, kLines, kTwo, true) == dog + "\n" + cat + "\n");
}

TEST_CASE("JSON Lines and CSV have a line for each image") {
    CHECK(reply(ReplyType::json_lines, kSingle, kOne) == "{\"prediction\":[0.25,0.75]}\n");
    CHECK(reply(ReplyType::json_lines, kPredictions, kTwo) == "{\"prediction\":[0.25,0.75]}\n{\"prediction\":[1,0]}\n");
    CHECK(reply(ReplyType::csv, kSingle, kOne) == "0.25,0.75");
    CHECK(reply(ReplyType::csv, kBatch, kTwo) == "0.25,0.75\n1,0");
}

TEST_CASE("in batch mode every text ends with one newline, and lines are answered by lines") {
    CHECK(reply(ReplyType::json, kSingle, kOne, true) == "[0.25,0.75]\n");
    CHECK(reply(ReplyType::json, kBatch, kTwo, true) == "[[0.25,0.75],[1,0]]\n");
    CHECK(reply(ReplyType::json, kLines, kTwo, true) == "[0.25,0.75]\n[1,0]\n");
    CHECK(reply(ReplyType::json_lines, kLines, kOne, true) == "{\"prediction\":[0.25,0.75]}\n");
    CHECK(reply(ReplyType::csv, kBatch, kTwo, true) == "0.25,0.75\n1,0\n");
    CHECK(reply(ReplyType::npy, kBatch, kTwo, true) == reply(ReplyType::npy, kBatch, kTwo, false));
}

TEST_CASE("numbers are as short as they can be and read back as they were") {
    const std::vector<float> values{0.1f, 1e-10f, 1.0f / 3, 1.17549435e-38f};
    const std::vector<std::string> names{"a", "b", "c", "d"};
    CHECK(write_reply(ReplyType::json, kSingle, values, names, false) == "[0.1,1e-10,0.33333334,1.1754944e-38]");
}

TEST_CASE("npy is float32, two-dimensional, aligned") {
    const std::string file = reply(ReplyType::npy, kSingle, kOne);
    CHECK(file.size() == 128 + 8);
    CHECK(file.substr(0, 8) == std::string("\x93NUMPY\x01\0", 8));
    CHECK(file[127] == '\n');
    const NpyArray array = parse_npy(as_bytes(file));
    CHECK(array.shape == std::vector<std::size_t>{1, 2});
    CHECK_FALSE(array.fortran_order);
    CHECK(as_text(array.data) == packed<float>(kOne));
    CHECK(parse_npy(as_bytes(reply(ReplyType::npy, kBatch, kTwo))).shape == std::vector<std::size_t>{2, 2});
}

TEST_CASE("bad lines are answered in their place") {
    const std::string bad = R"({"error":"bad_json","message":"a \"b\"\nc"})";
    CHECK(reply(ReplyType::json_lines, kBadLines, kTwo) ==
          bad +
              "\n{\"prediction\":[0.25,0.75]}\n{\"prediction\":[1,0]}\n{\"error\":\"bad_image\",\"message\":\"d\"}\n");
    CHECK(reply(ReplyType::json, kBadLines, kTwo) ==
          "[" + bad + R"(,[0.25,0.75],[1,0],{"error":"bad_image","message":"d"}])");
    CHECK(reply(ReplyType::csv, kBadLines, kTwo) == "\"bad_json: a \"\"b\"\" c\"\n0.25,0.75\n1,0\n\"bad_image: d\"");
    CHECK(parse_npy(as_bytes(reply(ReplyType::npy, kBadLines, kTwo))).shape == std::vector<std::size_t>{4, 2});
    const ReplyForm all_bad{Envelope::lines, true, {{0, "a", "b"}}};
    CHECK(reply(ReplyType::json_lines, all_bad, {}) == "{\"error\":\"a\",\"message\":\"b\"}\n");
}

TEST_CASE("no reply is larger than it was said to be, and none is much smaller") {
    std::vector<std::string> names;
    for (int i = 0; i < 50; ++i) names.push_back("class \"" + std::to_string(i) + "\" \x01 of many");
    const std::vector<float> unlikely(4 * names.size(), 1.2345678e-05F);
    const ReplyForm bad{Envelope::lines, true, {{0, "bad_json", std::string(100, '"')}}};
    for (const auto type :
         {ReplyType::json, ReplyType::json_verbose, ReplyType::json_lines, ReplyType::csv, ReplyType::npy}) {
        for (const ReplyForm& form : {kBatch, kPredictions, bad}) {
            const std::size_t said = largest_reply(type, form, 4, names);
            const std::size_t found = write_reply(type, form, unlikely, names, true).size();
            CHECK(found <= said);
            CHECK(said < 3 * found);
        }
    }
}

TEST_CASE("what is our own mistake is no request error") {
    CHECK_THROWS_AS(reply(ReplyType::json, kSingle, kTwo), std::logic_error);
    CHECK_THROWS_AS(reply(ReplyType::json, kBatch, {0.5f}), std::logic_error);
    CHECK_THROWS_AS(reply(ReplyType::json, kBatch, {}), std::logic_error);
    CHECK_THROWS_AS(reply(ReplyType::json, kSingle, {0.5f, std::numeric_limits<float>::quiet_NaN()}), std::logic_error);
}
