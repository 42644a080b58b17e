#include "tundish/data/tf_example.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/hex.hpp"
#include "tundish/base/error.hpp"

#include <string>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

// A length-delimited field of less than 128 bytes.
std::string field(int number, const std::string& content) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} + content;
}

std::string entry(const std::string& name, const std::string& feature) {
    return field(1, field(1, name) + field(2, feature));
}

std::string example_of(const std::string& entries) {
    return field(1, entries);
}

std::string parse_error(const std::string& bytes) {
    return message_of<DataError>([&] { TfExample().parse(as_bytes(bytes)); });
}

// Made with Python: protobuf 7.36.2 and the message classes of tfrecord 1.14.6 (PyPI), deterministic order.
const std::string kProtobuf = from_hex(
    "0a8c010a1b0a11696d6167652f636c6173732f6c6162656c12061a040a02ac020a1b0a10696d6167652f636c6173732f7465787412070a050a"
    "03"
    "6361740a190a0d696d6167652f656e636f64656412080a060a0489504e470a190a046d616e7912111a0f0a0d01ffffffffffffffffff01ac02"
    "0a1a0a066f6e65686f741210120e0a0c000000000000803f00000000");

}  // namespace

TEST_CASE("an Example that Google's protocol buffers wrote is read") {
    TfExample example;
    example.parse(as_bytes(kProtobuf));
    CHECK(example.describe() ==
          "image/class/label (integers), image/class/text (bytes), image/encoded (bytes), many (integers), onehot "
          "(floats)");
    CHECK(numbers_of(*example.find("image/class/label")) == std::vector<double>{300});
    CHECK(numbers_of(*example.find("many")) == std::vector<double>{1, -1, 300});
    CHECK(numbers_of(*example.find("onehot")) == std::vector<double>{0, 1, 0});
    CHECK(as_text(bytes_of(*example.find("image/encoded"))) == "\x89PNG");
    CHECK(example.find("image") == nullptr);
}

TEST_CASE("an Example that the tfrecord package wrote is read, by an object that was used before") {
    const auto bytes = from_hex(
        "0a2b0a0e0a056c6162656c12051a030a01070a190a05696d61676512100a0e0a0c000102030405060708090a0b");  // tfrecord
                                                                                                        // 1.14.6
    TfExample example;
    example.parse(as_bytes(kProtobuf));
    example.parse(as_bytes(bytes));
    CHECK(example.features().size() == 2);
    CHECK(numbers_of(*example.find("label")) == std::vector<double>{7});
    CHECK(bytes_of(*example.find("image")).size() == 12);
}

TEST_CASE("numbers may be packed or not, or both") {
    const std::string unpacked = field(3, "\x08\x05\x08\x06" + field(1, "\x07") + "\x08\xac\x02");
    const std::string floats =
        field(2, std::string("\x0d\x00\x00\x80\x3f", 5) + field(1, std::string("\0\0\0\x40", 4)));
    const auto bytes = example_of(entry("a", unpacked) + entry("b", floats));
    TfExample example;
    example.parse(as_bytes(bytes));
    CHECK(example.find("a")->count == 4);
    CHECK(numbers_of(*example.find("a")) == std::vector<double>{5, 6, 7, 300});
    CHECK(numbers_of(*example.find("b")) == std::vector<double>{1, 2});
}

TEST_CASE("unknown fields are passed over, the order is free, the last of equal names counts") {
    const std::string unknown = std::string("\x78\x01", 2) + std::string("\x7d\0\0\0\0", 5) +
                                std::string("\x79\0\0\0\0\0\0\0\0", 9) + field(15, "xyz");
    const auto one = field(3, field(1, "\x01"));
    const auto two = field(3, unknown + field(1, "\x02"));
    const auto value_first = field(1, unknown + field(2, two) + unknown + field(1, "label"));
    const auto bytes = unknown + example_of(entry("label", one) + unknown) + unknown + example_of(value_first);
    TfExample example;
    example.parse(as_bytes(bytes));
    CHECK(example.describe() == "label (integers)");
    CHECK(numbers_of(*example.find("label")) == std::vector<double>{2});
}

TEST_CASE("empty Examples and empty features are no damage") {
    TfExample example;
    example.parse({});
    CHECK(example.describe() == "no features");
    const auto bytes = example_of(entry("a", "") + entry("b", field(1, "")));
    example.parse(as_bytes(bytes));
    CHECK(example.describe() == "a (empty), b (bytes)");
    CHECK(lacks(message_of<DataError>([&] { bytes_of(*example.find("b")); }), {"'b'", "0 value(s)"}) == "");
    CHECK(lacks(message_of<DataError>([&] { numbers_of(*example.find("b")); }), {"'b'", "expected a number"}) == "");
}

TEST_CASE("damaged Examples are refused, with the place") {
    const std::string endless(11, '\xff');
    CHECK(lacks(parse_error(endless), {"tf.train.Example", "number without an end", "byte 10"}) == "");
    CHECK(lacks(parse_error("\x0a\x05"
                            "ab"),
                {"length that reaches beyond the end", "byte 2"}) == "");
    CHECK(lacks(parse_error("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), {"beyond the end"}) == "");
    CHECK(lacks(parse_error(std::string("\x02\x00", 2)), {"impossible field number"}) == "");
    CHECK(lacks(parse_error("\x0b"), {"unknown kind"}) == "");
    CHECK(lacks(parse_error("\x08\x01"), {"another kind than expected"}) == "");
    CHECK(lacks(parse_error(example_of(entry("a", field(2, field(1, "abc"))))), {"beyond the end"}) == "");
    CHECK(lacks(parse_error(example_of(entry("a", field(1, "") + field(3, "")))), {"two lists"}) == "");
    CHECK(lacks(parse_error("{\"image\": 1}"), {"tf.train.Example"}) == "");
    std::string many;
    for (int i = 0; i < 1001; ++i) many += example_of(entry(std::to_string(i), ""));
    CHECK(lacks(parse_error(many), {"more than 1000"}) == "");
}

TEST_CASE("an Example cut off anywhere is refused") {
    std::size_t accepted = 0;
    for (std::size_t size = 1; size < kProtobuf.size(); ++size) {
        const auto message = parse_error(kProtobuf.substr(0, size));
        accepted += message == "nothing was thrown" ? 1U : 0U;
        CHECK_FALSE(message.starts_with("another kind"));
    }
    CHECK(accepted == 0);
}
