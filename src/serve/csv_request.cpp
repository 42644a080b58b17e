#include "csv_request.hpp"

#include "printable.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <charconv>

namespace tundish {
namespace {

using std::string_view;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class CsvReader {
  public:
    CsvReader(string_view body, std::size_t columns) : rest_(body), columns_(columns) {
        values_.reserve(std::min(body.size() / 2 + 1, (body.size() / (2 * columns) + 1) * columns));
    }

    NumberArray read() {
        for (; !rest_.empty(); ++row_) read_row();
        return {{row_, columns_}, false, std::move(values_), true};
    }

  private:
    void read_row() {
        for (column_ = 0;; ++column_) {
            values_.push_back(number());
            skip_blanks();
            if (!take(',')) break;
        }
        if (!take('\n') && !rest_.empty()) refuse_field(rest_);
        ++column_;
        if (column_ == columns_) return;
        throw RequestError(
            400, "wrong_shape",
            text("row ", row_, " has ", column_, " numbers; expected ", columns_, ", an image channel by channel"));
    }

    float number() {
        skip_blanks();
        if (const auto small = small_number()) return *small;
        const string_view field = rest_;
        take('+');
        float value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error == std::errc::invalid_argument) refuse_field(field);
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        // Far too large is out of range later on; far too small is nothing.
        if (error == std::errc::result_out_of_range) {
            const auto digits = field.substr(0, field.size() - rest_.size());
            value = digits.find("e-") != string_view::npos || digits.find("E-") != string_view::npos ? 0.0f : 1e30f;
        }
        return value;
    }

    // The usual pixel: up to three digits and nothing else.
    std::optional<float> small_number() {
        const char* at = rest_.data();
        const char* const end = at + std::min<std::size_t>(rest_.size(), 3);
        unsigned value = 0;
        for (; at < end && is_digit(*at); ++at) value = value * 10 + static_cast<unsigned>(*at - '0');
        const auto digits = static_cast<std::size_t>(at - rest_.data());
        const bool ends = digits == rest_.size() || *at == ',' || *at == '\n';
        if (digits == 0 || !ends) return std::nullopt;
        rest_.remove_prefix(digits);
        return static_cast<float>(value);
    }

    void skip_blanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
            rest_.remove_prefix(1);
        }
    }

    bool take(char expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    [[noreturn]] void refuse_field(string_view from) const {
        const string_view field = trim(from.substr(0, from.find_first_of(",\n")));
        const bool header = row_ == 0 && !field.empty() && !is_digit(field.front());
        throw RequestError(400, "bad_csv",
                           text("expected a number, found ", field.empty() ? "nothing" : printable(field),
                                header ? "; a header line has to be left out" : ""))
            .at(text("row ", row_, ", column ", column_));
    }

    string_view rest_;
    std::size_t columns_;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    std::vector<float> values_;
};

}  // namespace

ReplyForm read_csv_request(string_view body, PixelBuilder& out) {
    const auto last = body.find_last_not_of(" \t\r\n");
    const auto numbers = std::count_if(body.begin(), body.end(), [](char c) { return c == ',' || c == '\n'; }) + 1;
    out.claim(sizeof(float) * static_cast<std::size_t>(numbers));
    NumberArray rows = CsvReader(body.substr(0, last + 1), out.model().pixels()).read();
    const bool batch = rows.dims.front() > 1;
    out.add_array(std::move(rows));
    return {Envelope::lines, batch, {}};
}

}  // namespace tundish
