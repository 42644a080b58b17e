#include "npy_header.hpp"

#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <charconv>

namespace tundish {
namespace {

using std::string_view;

constexpr std::size_t kMostAxes = 32;  // NumPy's own limit

[[noreturn]] void refuse_type(string_view type) {
    refuse_npy(text("its elements are ", type, "; expected booleans, integers or floats of up to 8 bytes"));
}

NpyType type_of(string_view descr) {
    if (descr.size() < 2) refuse_npy("its 'descr' is no type");
    if (descr.find('O') != string_view::npos) refuse_type("Python objects (pickle), which are never loaded");
    const char order = descr.front();
    const bool has_order = order == '<' || order == '>' || order == '|' || order == '=';
    if (has_order) descr.remove_prefix(1);
    NpyType type;
    type.big_endian = order == '>';
    const char kind = descr.front();
    const auto size = descr.substr(1);
    type.bytes = size == "1" ? 1 : size == "2" ? 2 : size == "4" ? 4 : size == "8" ? 8 : 0;
    const bool known = (kind == 'b' && type.bytes == 1) || ((kind == 'i' || kind == 'u') && type.bytes > 0) ||
                       (kind == 'f' && type.bytes > 1);
    if (!known) refuse_type(kind == 'U' || kind == 'S' ? "text" : kind == 'c' ? "complex numbers" : "of another type");
    type.kind = kind == 'b'   ? NpyType::Kind::boolean
                : kind == 'i' ? NpyType::Kind::signed_integer
                : kind == 'u' ? NpyType::Kind::unsigned_integer
                              : NpyType::Kind::floating;
    return type;
}

// The part of Python's syntax that NumPy writes.
class HeaderReader {
  public:
    explicit HeaderReader(string_view header) : rest_(header) {}

    NpyArray read() {
        expect('{');
        while (!take('}')) {
            read_entry();
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        skip_space();
        if (!rest_.empty()) damaged("something follows the dict");
        if (!has_type_ || !has_order_ || !has_shape_) damaged("'descr', 'fortran_order' or 'shape' is missing");
        return std::move(array_);
    }

  private:
    [[noreturn]] static void damaged(string_view what) { refuse_npy(text("its header is damaged: ", what)); }

    static void once(bool& seen) {
        if (seen) damaged("a key stands twice");
        seen = true;
    }

    void read_entry() {
        const string_view key = string();
        expect(':');
        if (key == "descr") {
            once(has_type_);
            skip_space();
            if (rest_.starts_with('[')) refuse_type("structures of several fields");
            array_.type = type_of(string());
        } else if (key == "fortran_order") {
            once(has_order_);
            array_.fortran_order = boolean();
        } else if (key == "shape") {
            once(has_shape_);
            read_shape();
        } else {
            damaged("it has a key besides 'descr', 'fortran_order' and 'shape'");
        }
    }

    void skip_space() {
        const auto begin = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(begin == string_view::npos ? rest_.size() : begin);
    }

    bool take(char expected) {
        skip_space();
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char expected) {
        if (!take(expected)) damaged(text("expected '", expected, "'"));
    }

    string_view string() {
        skip_space();
        if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) damaged("expected a quoted word");
        const auto end = rest_.find(rest_.front(), 1);
        if (end == string_view::npos) damaged("a quotation mark is missing");
        const auto value = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return value;
    }

    bool boolean() {
        skip_space();
        for (const bool value : {true, false}) {
            const string_view word = value ? "True" : "False";
            if (!rest_.starts_with(word)) continue;
            rest_.remove_prefix(word.size());
            return value;
        }
        damaged("'fortran_order' is neither True nor False");
    }

    void read_shape() {
        expect('(');
        while (!take(')')) {
            if (array_.shape.size() == kMostAxes) damaged("its shape has more than 32 axes");
            array_.shape.push_back(length());
            if (!take(',')) {
                expect(')');
                break;
            }
        }
    }

    std::size_t length() {
        skip_space();
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error != std::errc()) damaged("its shape is not a tuple of lengths");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        if (rest_.starts_with('L')) rest_.remove_prefix(1);  // Python 2
        return value;
    }

    string_view rest_;
    NpyArray array_;
    bool has_type_ = false;
    bool has_order_ = false;
    bool has_shape_ = false;
};

}  // namespace

NpyArray parse_npy_header(string_view header) {
    return HeaderReader(header).read();
}

void refuse_npy(const std::string& why) {
    throw RequestError(400, "bad_npy", "the npy file cannot be read: " + why);
}

}  // namespace tundish
