#include "json_request.hpp"

#include "array_layout.hpp"
#include "json_item.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <simdjson.h>

#include <algorithm>
#include <new>
#include <utility>

namespace tundish {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using std::string_view;

constexpr std::size_t kDeepest = 16;

// A number takes two bytes at least, with its comma.
std::size_t most_numbers(string_view body) {
    return body.size() / 2 + 1;
}

// Each comma or bracket stands for one element, or less.
std::size_t elements_of(string_view body) {
    return 1 + static_cast<std::size_t>(
                   std::count_if(body.begin(), body.end(), [](char c) { return c == ',' || c == '[' || c == '{'; }));
}

// Of a number simdjson keeps 16 bytes, and 8 for the places of it and its comma; then there are 4 in its array, and 4
// where that is put into another order. Text is copied, and decoded where it is base64. Measured as peaks of resident
// memory: 15 bytes for a byte of "0,0,0", 8 for one of "128,128,128", 2.8 for one of base64.
std::size_t memory_for(string_view document) {
    return 32 * elements_of(document) + 3 * document.size();
}

[[noreturn]] void refuse_document(string_view body, simdjson::error_code error) {
    if (error == simdjson::MEMALLOC) throw std::bad_alloc();
    if (error == simdjson::DEPTH_ERROR) {
        throw RequestError(400, "bad_json", text("the JSON is nested deeper than ", kDeepest, " levels"));
    }
    for (const string_view word : {"NaN", "Infinity"}) {
        const auto at = body.find(word);
        if (at == string_view::npos) continue;
        throw RequestError(400, "bad_json",
                           text("found ", word, " at byte ", at, "; JSON has no such number, pixels are 0..255"));
    }
    throw RequestError(400, "bad_json", text("not valid JSON: ", simdjson::error_message(error)));
}

class JsonParser {
  public:
    // Valid until the next call.
    element parse(string_view body) {
        element root;
        if (const auto error = try_parse(body, root); error != simdjson::SUCCESS) refuse_document(body, error);
        return root;
    }

    simdjson::error_code try_parse(string_view body, element& root) {
        if (body.size() > parser_.capacity()) {
            if (const auto error = parser_.allocate(body.size() + 256, kDeepest)) return error;
        }
        return parser_.parse(body.data(), body.size()).get(root);
    }

  private:
    simdjson::dom::parser parser_;
};

template <typename Work>
void at_place(string_view name, std::size_t index, Work work) {
    try {
        work();
    } catch (const RequestError& error) {
        throw error.at(text(name, '[', index, ']'));
    }
}

void add_items(string_view name, const array& items, std::size_t most, PixelBuilder& out) {
    std::size_t index = 0;
    for (const element item : items) {
        at_place(name, index, [&] { add_json_item(item, most, out); });
        ++index;
    }
    if (index == 0) throw RequestError(400, "empty_body", text(name, " is an empty list; expected at least one image"));
}

// Anything but `instances`: an array with or without an axis for the images, an item, or a list of items; also as a
// member of an object, as of the tensor's name in `inputs`. True for several.
bool add_value(string_view name, const element& value, std::size_t most, PixelBuilder& out) {
    const element item = value_of_item(value);
    array list;
    if (item.get(list) != simdjson::SUCCESS) {
        add_json_item(value, most, out);
        return false;
    }
    const bool items = list.begin() != list.end() && ((*list.begin()).is<object>() || (*list.begin()).is_string());
    if (items) {
        add_items(name, list, most, out);
        return true;
    }
    out.expect(0);  // a single array brings its own room
    try {
        return out.add_array(read_json_array(item, most));
    } catch (const RequestError& error) {
        throw name.empty() ? error : error.at(std::string(name));
    }
}

// What was sent in place of a list with one image in it.
bool is_one_image(const element& value, std::size_t most, const ImageShape& model) {
    try {
        return !lay_out(read_json_array(value, most).dims, /*fortran_order=*/false, model).batch;
    } catch (const RequestError&) {
        return false;
    }
}

ReplyForm read_instances(const element& value, std::size_t most, PixelBuilder& out) {
    array items;
    if (value.get(items) != simdjson::SUCCESS) {
        throw RequestError(400, "bad_json", text("instances: expected a list of images, found ", json_kind(value)));
    }
    try {
        add_items("instances", items, most, out);
    } catch (const RequestError& error) {
        const bool of_an_item = error.code() == "wrong_shape" || error.code() == "bad_json";
        if (!of_an_item || !is_one_image(value, most, out.model())) throw;
        throw error.advising(". 'instances' is a list of images: put the image in […]");
    }
    return {Envelope::predictions, true, {}};
}

template <typename Work>
void for_each_line(string_view body, Work work) {
    for (std::size_t line = 0; !body.empty(); ++line) {
        const auto end = body.find('\n');
        work(line, trim(body.substr(0, end)));
        body.remove_prefix(end == string_view::npos ? body.size() : end + 1);
    }
}

// Lines are read one by one.
std::size_t memory_for_lines(string_view body) {
    std::size_t longest = 0;
    for_each_line(body, [&](std::size_t, string_view line) { longest = std::max(longest, memory_for(line)); });
    return longest;
}

void add_line(string_view line, JsonParser& parser, PixelBuilder& out) {
    if (line.empty()) {
        throw RequestError(400, "bad_json", "the line is blank; answers are matched to lines by their place");
    }
    add_json_item(parser.parse(line), most_numbers(line), out);
}

// Their memory is claimed.
ReplyForm read_lines(string_view lines, JsonParser& parser, PixelBuilder& out) {
    ReplyForm form{Envelope::lines, true, {}};
    for_each_line(lines, [&](std::size_t number, string_view line) {
        try {
            add_line(line, parser, out);
        } catch (const RequestError& error) {
            const RequestError with_place = error.at(text("line ", number));
            const bool of_this_line = error.status() == 400 || error.code() == kImageTooLarge;
            if (!of_this_line || !out.limits().placeholder_for_bad_lines) throw with_place;
            form.bad_lines.push_back({number, error.code(), with_place.what()});
        }
    });
    return form;
}

// Without the blank lines at their end.
string_view lines_of(string_view body) {
    return body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
}

// Batch transform joins documents so (SplitType Line, MultiRecord), under the type of a single one.
bool begins_with_a_document(string_view lines, JsonParser& parser) {
    const auto end = lines.find('\n');
    const string_view line = trim(lines.substr(0, end));
    element first;
    return end != string_view::npos && !line.empty() && parser.try_parse(line, first) == simdjson::SUCCESS;
}

}  // namespace

ReplyForm read_json_request(string_view body, PixelBuilder& out) {
    out.claim(memory_for(body) + out.expect(elements_of(body)));
    JsonParser parser;
    element root;
    if (const auto error = parser.try_parse(body, root); error != simdjson::SUCCESS) {
        if (begins_with_a_document(lines_of(body), parser)) return read_lines(lines_of(body), parser, out);
        refuse_document(body, error);
    }
    const std::size_t most = most_numbers(body);
    element value;
    object members;
    if (root.get(members) == simdjson::SUCCESS) {
        if (members.at_key("instances").get(value) == simdjson::SUCCESS) return read_instances(value, most, out);
        if (members.at_key("inputs").get(value) == simdjson::SUCCESS) {
            add_value("inputs", value, most, out);
            return {Envelope::outputs, true, {}};
        }
    }
    return {Envelope::bare, add_value("", root, most, out), {}};
}

ReplyForm read_json_lines(string_view body, PixelBuilder& out) {
    JsonParser parser;
    const string_view lines = lines_of(body);
    out.claim(memory_for_lines(lines) + out.expect(elements_of(lines)));
    return read_lines(lines, parser, out);
}

}  // namespace tundish
