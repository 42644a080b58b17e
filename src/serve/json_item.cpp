#include "json_item.hpp"

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <simdjson.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tundish {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr std::size_t kCountedUpTo = 0xFFFFFF;  // simdjson keeps no larger sizes of lists

std::size_t length_of(const array& list) {
    const std::size_t size = list.size();
    return size < kCountedUpTo ? size : static_cast<std::size_t>(std::distance(list.begin(), list.end()));
}

constexpr const char* kKeys =
    "expected {\"instances\": [image, ...]} or {\"inputs\": [image, ...]} for several images, {\"b64\": text} or "
    "{\"image\": array} for one";

class ArrayReader {
  public:
    ArrayReader(const element& list, std::size_t most) {
        element at = list;
        std::size_t values = 1;
        array inner;
        while (at.get(inner) == simdjson::SUCCESS) {
            array_.dims.push_back(length_of(inner));
            if (array_.dims.back() == 0) break;
            values = std::min(values * array_.dims.back(), most);
            at = *inner.begin();
        }
        values_.reserve(values);
        at_.resize(array_.dims.size());
    }

    NumberArray read(const element& list) {
        array outer;
        if (list.get(outer) == simdjson::SUCCESS) read_list(outer, 0);
        array_.values = std::move(values_);
        return std::move(array_);
    }

  private:
    [[noreturn]] void refuse(std::size_t depth, const std::string& why) const {
        std::string place;
        for (std::size_t i = 0; i < depth; ++i) place += text('[', at_[i], ']');
        const RequestError error(400, "bad_json", why);
        throw place.empty() ? error : error.at(place);
    }

    void read_list(const array& list, std::size_t depth) {
        const std::size_t length = length_of(list);
        if (length != array_.dims[depth]) {
            refuse(depth, text("found a list of ", length, " values beside lists of ", array_.dims[depth],
                               "; expected lists of equal length"));
        }
        at_[depth] = 0;
        if (depth + 1 == array_.dims.size()) {
            for (const element value : list) read_number(value, depth);
            return;
        }
        for (const element value : list) {
            array inner;
            if (value.get(inner) != simdjson::SUCCESS) {
                refuse(depth + 1, text("expected a list as beside it, found ", json_kind(value)));
            }
            read_list(inner, depth + 1);
            ++at_[depth];
        }
    }

    void read_number(const element& value, std::size_t depth) {
        double number = 0;
        if (value.get(number) != simdjson::SUCCESS) {
            refuse(depth + 1, text("expected a number, found ", json_kind(value)));
        }
        values_.push_back(static_cast<float>(number));
        ++at_[depth];
    }

    NumberArray array_;
    std::vector<float> values_;
    std::vector<std::size_t> at_;  // where the reading is
};

// What an object says is its image: a member of a usual name, or its only one.
element image_member(const object& item) {
    element found;
    for (const char* name : {"b64", "image_bytes", "image", "data"}) {
        if (item.at_key(name).get(found) == simdjson::SUCCESS) return found;
    }
    auto member = item.begin();
    if (member != item.end()) {
        found = member.value();
        if (++member == item.end()) return found;
    }
    throw RequestError(400, "bad_json",
                       text("the object has no member 'b64', 'image_bytes', 'image' or 'data', nor a single one of "
                            "another name; ",
                            kKeys));
}

}  // namespace

element value_of_item(const element& item) {
    element value = item;
    object members;
    while (value.get(members) == simdjson::SUCCESS) value = image_member(members);
    return value;
}

void add_json_item(const element& item, std::size_t most, PixelBuilder& out) {
    const element value = value_of_item(item);
    std::string_view base64;
    if (value.is<array>()) {
        out.add_array(read_json_array(value, most), PixelBuilder::Expect::one_image);
    } else if (value.get(base64) == simdjson::SUCCESS) {
        out.add_base64(base64);
    } else {
        throw RequestError(400, "bad_json",
                           text("expected an array of numbers or an image as base64 text, found ", json_kind(value),
                                item.is<object>() ? text(" in an object; ", kKeys) : ""));
    }
}

NumberArray read_json_array(const element& list, std::size_t most) {
    return ArrayReader(list, most).read(list);
}

const char* json_kind(const element& value) {
    switch (value.type()) {
        case element_type::ARRAY:
            return "a list";
        case element_type::OBJECT:
            return "an object";
        case element_type::STRING:
            return "text";
        case element_type::BOOL:
            return "true or false";
        case element_type::NULL_VALUE:
            return "null";
        default:
            return "a number";
    }
}

}  // namespace tundish
