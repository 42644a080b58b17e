#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/image_files.hpp"
#include "support/requests.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

constexpr auto kJson = "application/json";
constexpr auto kLines = "application/jsonlines";
const std::string kImage = "[[[0,1],[2,3]],[[4,5],[6,7]],[[8,9],[10,11]]]";
const std::string kFlat = "[0,1,2,3,4,5,6,7,8,9,10,11]";

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
        };
        const unsigned bits = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
        for (std::size_t k = 0; k < 4; ++k) {
            out += i + k > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63U];
        }
    }
    return out;
}

// Red 10, green 20, blue 30.
std::string picture() {
    static const std::string text = base64(plain_image(".png", 2, 2, 10, 20, 30));
    return text;
}

const std::vector<float> kPicture{10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30};

struct Refusal {
    std::string body;
    std::string_view first;
    std::string_view second;
};

std::string quoted(const std::string& value) {
    return '"' + value + '"';
}

}  // namespace

TEST_CASE("json: bare lists are one array") {
    for (const auto& [body, batch] :
         {std::pair{kImage, false}, {kFlat, false}, {"[" + kImage + "]", true}, {"[" + kFlat + "]", true}}) {
        INFO(body);
        const auto request = parse(kJson, body);
        CHECK(values_of(request) == counting(12));
        CHECK(request.form.envelope == Envelope::bare);
        CHECK(request.form.batch == batch);
        CHECK(request.pixels.images == 1);
    }
    CHECK(parse(kJson, " [" + kFlat + ",\n" + kFlat + "] ").pixels.images == 2);
    CHECK(values_of(parse(kJson, "[[1e0,25.5],[0.5E1,-0.0]]", kTinyGrey)) == std::vector<float>{1, 25.5f, 5, 0});
    CHECK(values_of(parse("application/vnd.x+json", "\xEF\xBB\xBF" + kImage)) == counting(12));
}

TEST_CASE("json: instances and inputs have their envelopes") {
    const auto instances = parse(kJson, R"({"signature_name":"x","instances":[)" + kImage + "," + kFlat + "]}");
    CHECK(instances.pixels.images == 2);
    CHECK(instances.form.envelope == Envelope::predictions);
    CHECK(instances.form.batch);
    for (const auto& value :
         {kImage, "[" + kImage + "]", "[" + kFlat + "]", quoted(picture()), "[" + quoted(picture()) + "]"}) {
        INFO(value);
        const auto inputs = parse(kJson, R"({"inputs":)" + value + "}");
        CHECK(inputs.pixels.images == 1);
        CHECK(inputs.form.envelope == Envelope::outputs);
        CHECK(inputs.form.batch);
    }
    CHECK(values_of(parse(kJson, R"({"instances":[[[0,1],[2,3]]]})", kTinyGrey)) == counting(4));
}

TEST_CASE("json: items are images in base64, too") {
    const std::string b64 = R"({"b64":")" + picture() + "\"}";
    for (const auto& item :
         {quoted(picture()), b64, R"({"image_bytes":)" + b64 + "}", R"({"key":1,"image_bytes":)" + b64 + "}",
          quoted("data:image/png;base64," + picture()), R"({"image":)" + quoted(picture()) + "}"}) {
        INFO(item);
        for (const auto& body : {item, "[" + item + "]", R"({"instances":[)" + item + "]}"}) {
            const auto request = parse(kJson, body);
            CHECK(values_of(request) == kPicture);
            CHECK(holds_bytes(request));
            CHECK(request.form.batch == (body != item));
        }
    }
    CHECK(values_of(parse(kJson, R"({"instances":[{"input_1":)" + kImage + "}]}")) == counting(12));
}

TEST_CASE("json: what holds one image below a key holds several there too") {
    const std::string two = "[" + kImage + "," + kImage + "]", flats = "[" + kFlat + "," + kFlat + "]";
    const std::string b64 = R"({"b64":")" + picture() + "\"}";
    for (const auto& batch : {two, flats, "[" + b64 + "," + b64 + "]", "[" + quoted(picture()) + "," + b64 + "]"}) {
        INFO(batch);
        const auto bare = parse(kJson, R"({"data":)" + batch + "}");
        CHECK(bare.pixels.images == 2);
        CHECK(bare.form.batch);
        CHECK(bare.form.envelope == Envelope::bare);
        const auto inputs = parse(kJson, R"({"inputs":{"image":)" + batch + "}}");
        CHECK(inputs.pixels.images == 2);
        CHECK(inputs.form.envelope == Envelope::outputs);
    }
    CHECK_FALSE(parse(kJson, R"({"data":)" + kImage + "}").form.batch);
    CHECK(parse(kJson, R"({"data":[)" + kImage + "]}").form.batch);
    CHECK(lacks(refusal(kJson, R"({"instances":[{"data":)" + two + "}]}"), {"400 wrong_shape", "2 images"}) == "");
}

TEST_CASE("json: an image among other members has a usual name") {
    for (const auto* name : {"image", "data", "b64", "image_bytes"}) {
        INFO(name);
        const std::string item = R"({"id":7,")" + std::string(name) + "\":" + kImage + "}";
        for (const auto& body :
             {item, "[" + item + "]", R"({"instances":[)" + item + "]}", R"({"inputs":)" + item + "}"}) {
            CHECK(values_of(parse(kJson, body)) == counting(12));
        }
        CHECK(values_of(parse(kLines, item)) == counting(12));
    }
    CHECK(lacks(refusal(kJson, R"({"id":7,"picture":[1,2]})"),
                {"400 bad_json: ", "'b64'", "'image_bytes'", "'image'", "'data'", "single one"}) == "");
}

TEST_CASE("json: documents that stand on a line each are JSON Lines") {
    const std::string item = R"({"b64":")" + picture() + "\"}", instances = R"({"instances":[)" + kImage + "]}";
    for (const auto& body :
         {kImage + "\n" + kFlat, item + "\n" + kImage + "\r\n\n", instances + "\n" + instances + "\n"}) {
        for (const auto* type : {kJson, kLines, "application/octet-stream", "", "text/plain"}) {
            INFO(type << ": " << body);
            const auto request = parse(type, body);
            CHECK(request.pixels.images == 2);
            CHECK(request.form.envelope == Envelope::lines);
            CHECK(request.form.batch);
        }
    }
    CHECK(lacks(refusal(kJson, kImage + "\n[1,\n"), {"400 bad_json: line 1: not valid JSON"}) == "");
    CHECK(lacks(refusal(kJson, "[1,\n2"), {"400 bad_json: not valid JSON"}) == "");
    CHECK(parse(kJson, "[\n" + kImage + "\n]").form.envelope == Envelope::bare);
}

TEST_CASE("json: arrays and pictures may stand side by side") {
    auto expected = kPicture;
    for (const float value : counting(12)) expected.push_back(value);
    const auto first = parse(kJson, R"({"instances":[")" + picture() + "\"," + kImage + "]}");
    CHECK(values_of(first) == expected);
    CHECK_FALSE(holds_bytes(first));
    const auto second = parse(kJson, R"({"instances":[)" + kFlat + ",\"" + picture() + "\"]}");
    CHECK(second.pixels.images == 2);
    CHECK(values_of(second).back() == 30);
}

TEST_CASE("json: refusals name the place") {
    for (const auto& [body, first, second] : std::vector<Refusal>{
             {R"({"instances":[)" + kFlat + ",[[[0,1],[2,3]],[[4,5],[6,true]],[]]]}",
              "400 bad_json: instances[1][1][1][1]: ", "expected a number"},
             {R"({"instances":[[[[0,1],[2,3]],[[4,5],[6]]]]})",
              "instances[0][1][1]: found a list of 1 values beside lists of 2", ""},
             {R"({"instances":[[[[0,1],[2,3]],[4,5]]]})", "instances[0][1][0]: expected a list", "a number"},
             {"[1,2,3]", "400 wrong_shape: the array's shape is (3,)", ""},
             {R"({"instances":[[1,2,3]]})", "400 wrong_shape: instances[0]: the array's shape is (3,)", ""},
             {R"({"instances":[1,2,3]})", "400 bad_json: instances[0]: ", "found a number"},
             {R"({"instances":[null]})", "instances[0]", "null"},
             {R"({"instances":[{"b64":1}]})", "instances[0]", "a number"},
             {R"({"instances":[{"a":1,"b":2}]})", "instances[0]", "b64"},
             {R"({"instances":["!"]})", "400 bad_base64: instances[0]: ", ""},
             {R"({"instances":["AAAA"]})", "400 bad_image: instances[0]: ", "expected a JPEG"},
             {R"({"instances":["data:image/png,AAAA"]})", "400 bad_base64: instances[0]: ", ";base64,"},
             {R"({"instances":{}})", "400 bad_json: instances: expected a list", ""},
             {R"({"instances":[]})", "400 empty_body: instances", ""},
             {R"({"inputs":[[1,2],[3]]})", "400 bad_json: inputs[1]: found a list of 1", ""},
             {R"({"inputs":[]})", "400 empty_body: inputs", ""},
             {"[0,1,2,3,4,5,6,7,8,9,10,300]", "400 bad_value: [11]: ", "found 300"},
             {"[[1,2],[3,4e30]]", "bad_value: [1][1]", "4e+30"},
             {"[]", "400 empty_body", ""},
             {"[[],[]]", "400 empty_body", ""},
             {"{}", "400 bad_json: the object has no member 'b64'", R"({"instances": [image, ...]} or {"inputs")"},
             {R"({"foo":1})",
              "400 bad_json: expected an array of numbers or an image as base64 text, found a number in",
              R"({"instances": [image, ...]} or {"inputs": [image, ...]})"},
             {"12", "400 bad_json", "found a number"},
             {"[" + kImage + ",{}]", "400 bad_json: [1]: expected a list as beside it, found an object", ""},
             {"[\"" + picture() + "\",1]", "400 bad_json: [1]: expected an array", ""},
         }) {
        INFO(body);
        CHECK(lacks(refusal(kJson, body, body.starts_with("[[1") ? kTinyGrey : kTinyColour), {first, second}) == "");
    }
}

TEST_CASE("json: an image in place of a list of images, an address in place of an image") {
    for (const auto& image : {kImage, kFlat}) {
        INFO(image);
        CHECK(lacks(refusal(kJson, R"({"instances":)" + image + "}"),
                    {"400 ", "instances[0]: ", "'instances' is a list of images: put the image in […]"}) == "");
    }
    const auto several = refusal(kJson, R"({"instances":[[1,2]]})");
    CHECK(several.find("put the image") == std::string::npos);
    for (const auto* address : {"http://x/y.jpg", "https://x/y.jpg", "s3://x/y.jpg"}) {
        CHECK(lacks(refusal(kJson, R"({"instances":[)" + quoted(address) + "]}"),
                    {"400 bad_base64: instances[0]: ", "addresses are not fetched"}) == "");
    }
}

TEST_CASE("json: what is no JSON") {
    CHECK(lacks(refusal(kJson, "[1,NaN]"), {"400 bad_json: found NaN at byte 3"}) == "");
    CHECK(lacks(refusal(kJson, "[-Infinity]"), {"found Infinity at byte 2"}) == "");
    for (const std::string body :
         {"[1,2", "[1,]", "[01]", "{\"instances\":}", "[1] [2]", "hello", "[1e999]", "[\"\xff\"]", "'a'", "[+1]"}) {
        INFO(body);
        CHECK(lacks(refusal(kJson, body), {"400 bad_json: not valid JSON"}) == "");
    }
    CHECK(lacks(refusal(kJson, std::string(20, '[') + "1" + std::string(20, ']')), {"deeper than 16"}) == "");
    CHECK(lacks(refusal(kJson, std::string(1'000'000, '[')), {"400 bad_json"}) == "");
    CHECK(lacks(refusal(kJson, ""), {"400 empty_body"}) == "");
    CHECK(lacks(refusal(kJson, " \n"), {"400 empty_body"}) == "");
}

TEST_CASE("json: a first list that promises much takes no memory for it") {
    std::string body = "[[" + std::string(199'999, '0');
    for (std::size_t i = 3; i < body.size(); i += 2) body[i] = ',';
    body += "]";
    for (int i = 0; i < 100'000; ++i) body += ",0";
    CHECK(lacks(refusal(kJson, body + "]"), {"400 bad_json: [1]"}) == "");
}

TEST_CASE("json: floats of 0..1 are suspicious") {
    CHECK(parse(kJson, "[[0,0.5],[1,1]]", kTinyGrey).suspicious_range);
    CHECK_FALSE(parse(kJson, "[[0,0],[0,0]]", kTinyGrey).suspicious_range);
    CHECK_FALSE(parse(kJson, "[[0,0.5],[1,2]]", kTinyGrey).suspicious_range);
}

TEST_CASE("jsonlines: an item a line") {
    const std::string features = R"({"features":)" + kFlat + "}";
    const auto request = parse(kLines, kImage + "\r\n\"" + picture() + "\"\n" + features + "\n\n \n");
    CHECK(request.pixels.images == 3);
    CHECK(request.form.envelope == Envelope::lines);
    CHECK(request.form.batch);
    const auto values = values_of(request);
    CHECK(std::vector<float>(values.begin() + 12, values.begin() + 24) == kPicture);
    CHECK(parse(kLines, kFlat).form.batch);
    CHECK(parse(kLines, "[" + kImage + "]").pixels.images == 1);
}

TEST_CASE("jsonlines: refusals name the line") {
    CHECK(lacks(refusal(kLines, kImage + "\n[1,\n" + kImage), {"400 bad_json: line 1: not valid JSON"}) == "");
    CHECK(lacks(refusal(kLines, kImage + "\n\n" + kImage), {"400 bad_json: line 1: the line is blank"}) == "");
    CHECK(lacks(refusal(kLines, "[[1,2],[3]]", kTinyGrey), {"line 0[1]: found a list"}) == "");
    CHECK(lacks(refusal(kLines, "[" + kImage + "," + kImage + "]"), {"400 wrong_shape: line 0", "2 images"}) == "");
}

TEST_CASE("jsonlines: bad lines can be answered alone") {
    ParseLimits limits;
    limits.placeholder_for_bad_lines = true;
    const auto request = parse(kLines, "nonsense\n" + kImage + "\n\n[300]\n" + kFlat, kTinyColour, limits);
    CHECK(request.pixels.images == 2);
    REQUIRE(request.form.bad_lines.size() == 3);
    CHECK(request.form.bad_lines[0].line == 0);
    CHECK(request.form.bad_lines[1].line == 2);
    CHECK(request.form.bad_lines[2].line == 3);
    CHECK(request.form.bad_lines[2].code == "wrong_shape");
    CHECK(request.form.bad_lines[2].message.starts_with("line 3: "));
    CHECK(parse(kLines, "x", kTinyColour, limits).pixels.images == 0);
    CHECK(lacks(refusal(kJson, "x", kTinyColour, limits), {"400 bad_json"}) == "");
    limits.max_decoded_bytes = 3000;
    const auto large = R"({"b64": ")" + base64(plain_image(".png", 40, 40, 1, 2, 3)) + R"("})";
    const auto mixed = parse(kLines, kFlat + "\n" + large + "\n" + kFlat, kTinyColour, limits);
    CHECK(mixed.pixels.images == 2);
    REQUIRE(mixed.form.bad_lines.size() == 1);
    CHECK(mixed.form.bad_lines[0].line == 1);
    CHECK(mixed.form.bad_lines[0].code == "image_too_large");
    limits.max_images = 1;
    CHECK(lacks(refusal(kLines, kFlat + "\n" + kFlat, kTinyColour, limits), {"413 too_large"}) == "");
}
