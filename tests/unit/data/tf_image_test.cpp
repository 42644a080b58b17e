#include "tundish/data/tf_image.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/record_frames.hpp"

#include <map>
#include <string>

using namespace tundish;
using namespace tundish::testing;

namespace {

// A serialized Example; parse() keeps spans into it.
class Written {
  public:
    Written& with(const std::string& name, const std::string& value) {
        return add(name, message(1, message(1, value)));
    }
    Written& with(const std::string& name, std::int64_t value) {
        return add(name, message(3, message(1, varint(static_cast<std::uint64_t>(value)))));
    }

    TfImage read(const TfImageOptions& options = {}) {
        bytes_ = message(1, features_);
        example_.parse(as_bytes(bytes_));
        return read_tf_image(example_, options);
    }

  private:
    static std::string varint(std::uint64_t value) {
        std::string out;
        for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
        return out + static_cast<char>(value);
    }
    static std::string message(unsigned number, const std::string& content) {
        return varint(number << 3U | 2U) + varint(content.size()) + content;
    }
    Written& add(const std::string& name, const std::string& feature) {
        features_ += message(1, message(1, name) + message(2, feature));
        return *this;
    }

    std::string features_;
    std::string bytes_;
    TfExample example_;
};

std::string read_error(Written written, const TfImageOptions& options = {}) {
    return message_of<DataError>([&] { written.read(options); });
}

const std::string kPng = "\x89PNG\r\n\x1a\n and so on";

}  // namespace

TEST_CASE("image and label are found under the usual names, or under those given") {
    Written imagenet;
    imagenet.with("image/class/label", 5).with("image/encoded", kPng).with("image/height", 400).with("other", 3);
    CHECK(imagenet.read().label == 5);
    CHECK(as_text(imagenet.read().image) == kPng);
    CHECK_FALSE(imagenet.read().raw_shape);
    CHECK(imagenet.read({.image_feature = "image/encoded", .label_feature = "other", .raw_shape = {}}).label == 3);
    CHECK(Written().with("image_raw", kPng).with("label", std::string("12")).read().label == 12);
    CHECK(Written().with("image", kPng).with("label", std::string("[0, 1]")).read().label == 1);
}

TEST_CASE("a list in text is a class id where label-format says so, and the message says how to") {
    Written listed;
    listed.with("image", kPng).with("label", std::string("[3]"));
    CHECK(lacks(read_error(listed), {"list of one number", "label-format=class-id"}) == "");
    TfImageOptions options;
    options.label_format = LabelFormat::class_id;
    CHECK(listed.read(options).label == 3);
    CHECK(Written().with("image", kPng).with("label", 4).read(options).label == 4);
    CHECK(lacks(read_error(Written().with("image", kPng).with("label", std::string("[0, 1]")), options),
                {"names 2 classes"}) == "");
}

TEST_CASE("a missing feature is named with those that are there") {
    CHECK(lacks(read_error(Written().with("x", kPng).with("label", 1)),
                {"no feature for the image", "image/encoded", "found x (bytes), label (integers)", "image_feature"}) ==
          "");
    CHECK(lacks(read_error(Written().with("image", kPng).with("y", 1)), {"for the label", "image/class/label", "y"}) ==
          "");
    CHECK(lacks(read_error(Written().with("image", kPng).with("label", 1), {"pixels", "", {}}),
                {"'pixels'", "image"}) == "");
    CHECK(lacks(read_error(Written().with("image", 3).with("label", 1)), {"'image'", "integers", "bytes"}) == "");
    CHECK(lacks(read_error(Written().with("image", kPng).with("label", -1)), {"label -1", "count from 0"}) == "");
}

TEST_CASE("raw pixels have the size that is told, given or usual") {
    const auto raw = [](std::size_t size) { return Written().with("image", std::string(size, 'p')).with("label", 1); };
    CHECK(raw(3072).read().raw_shape == ImageShape{3, 32, 32});
    CHECK(raw(784).read().raw_shape == ImageShape{1, 28, 28});
    CHECK(raw(300).read({"", "", ImageShape{3, 10, 10}}).raw_shape == ImageShape{3, 10, 10});
    CHECK(raw(3072).read({"", "", ImageShape{3, 10, 10}}).raw_shape == ImageShape{3, 32, 32});
    CHECK(raw(60).with("height", 4).with("width", 5).with("depth", 3).read().raw_shape == ImageShape{3, 4, 5});
    CHECK(raw(60).with("height", 4).with("width", 5).read().raw_shape == ImageShape{3, 4, 5});
    CHECK(raw(20).with("rows", 4).with("cols", 5).read().raw_shape == ImageShape{1, 4, 5});
}

TEST_CASE("raw pixels of no known size are refused with what was found") {
    const auto raw = [](std::size_t size) { return Written().with("image", std::string(size, 'p')).with("label", 1); };
    CHECK(lacks(read_error(raw(3071)), {"'image'", "3071 bytes", "image_shape"}) == "");
    CHECK(lacks(read_error(raw(0)), {"no bytes at all"}) == "");
    CHECK(lacks(read_error(raw(300), {"", "", ImageShape{3, 9, 9}}), {"3x9x9", "243 bytes", "300 bytes"}) == "");
    CHECK(lacks(read_error(raw(61).with("height", 4).with("width", 5).with("depth", 3)), {"4 x 5 x 3", "61 bytes"}) ==
          "");
    CHECK(lacks(read_error(raw(40).with("height", 4).with("width", 5).with("depth", 2)), {"2 channels"}) == "");
    CHECK(lacks(read_error(raw(40).with("height", 0).with("width", 5)), {"'height'", "no size"}) == "");
}

TEST_CASE("what append_raw_example and append_encoded_example write is read") {
    TfExample example;
    std::string bytes;
    const std::string pixels(3072, 'x');
    append_raw_example(bytes, as_bytes(pixels), {3, 32, 32}, 9);
    CHECK(bytes.size() == 3110);  // as generate_cifar10_tfrecords.py's
    example.parse(as_bytes(bytes));
    CHECK(read_tf_image(example, {}).label == 9);
    CHECK(as_text(read_tf_image(example, {}).image) == pixels);
    bytes.clear();
    append_raw_example(bytes, as_bytes(std::string(60, 'y')), {3, 4, 5}, 300);
    example.parse(as_bytes(bytes));
    CHECK(read_tf_image(example, {}).raw_shape == ImageShape{3, 4, 5});
    CHECK(read_tf_image(example, {}).label == 300);
    bytes.clear();
    append_encoded_example(bytes, as_bytes(kPng), 2);
    example.parse(as_bytes(bytes));
    CHECK(as_text(bytes_of(*example.find("image/format"))) == "png");
    CHECK(read_tf_image(example, {}).label == 2);
}
