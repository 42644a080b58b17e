#include "tundish/serve/reply_writer.hpp"

#include "json_text.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/error_body.hpp"
#include "tundish/serve/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace tundish {
namespace {

using Row = std::span<const float>;

constexpr std::size_t kBytesOfNumber = 14;  // "1.2345678e-05" and a comma: the longest between 0 and 1
constexpr std::size_t kBytesAround = 64;    // of a document, or an item of verbose JSON
constexpr std::size_t kBytesOfLine = 20;    // {"prediction":[]} and a newline

void append_numbers(std::string& out, Row row) {
    std::array<char, 32> digits;
    bool first = true;
    for (const float value : row) {
        if (!first) out += ',';
        first = false;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        out.append(digits.data(), end);
    }
}

void append_list(std::string& out, Row row) {
    out += '[';
    append_numbers(out, row);
    out += ']';
}

// CSV doubles quotes; a line break would end the row.
std::string csv_quoted(const BadLine& bad) {
    std::string out = "\"";
    for (const char c : text(bad.code, ": ", bad.message)) {
        if (c == '"') out += '"';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out + '"';
}

std::vector<std::string> as_json(std::span<const std::string> names) {
    std::vector<std::string> out(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) append_json_string(out[i], names[i]);
    return out;
}

// Writes the answers of one reply one after the other.
class Answers {
  public:
    Answers(ReplyType type, const ReplyForm& form, Row probabilities, std::span<const std::string> names)
        : type_(type), form_(form), rest_(probabilities), names_(names) {
        if (type != ReplyType::json_verbose) return;
        json_names_ = as_json(names);
        labels_ = join(json_names_, ",");
    }

    [[nodiscard]] bool at_end() const { return rest_.empty() && bad_ == form_.bad_lines.size(); }

    void write_next(std::string& out) {
        if (bad_ < form_.bad_lines.size() && (rest_.empty() || form_.bad_lines[bad_].line == line_)) {
            write_bad(out, form_.bad_lines[bad_++]);
        } else {
            write_row(out, rest_.first(names_.size()));
            rest_ = rest_.subspan(names_.size());
        }
        ++line_;
    }

  private:
    void write_bad(std::string& out, const BadLine& bad) const {
        out += type_ == ReplyType::csv ? csv_quoted(bad) : error_json(bad.code, bad.message);
    }

    void write_row(std::string& out, Row row) const {
        switch (type_) {
            case ReplyType::csv:
                return append_numbers(out, row);
            case ReplyType::json_lines:
                out += R"({"prediction":)";
                append_list(out, row);
                out += '}';
                return;
            case ReplyType::json_verbose:
                return write_verbose(out, row);
            default:
                append_list(out, row);
        }
    }

    void write_verbose(std::string& out, Row row) const {
        const auto best = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
        out += R"({"probabilities":)";
        append_list(out, row);
        out += R"(,"labels":[)" + labels_ + R"(],"predicted_label":)" + json_names_[best] + '}';
    }

    ReplyType type_;
    const ReplyForm& form_;
    Row rest_;
    std::span<const std::string> names_;
    std::vector<std::string> json_names_;
    std::string labels_;
    std::size_t line_ = 0;
    std::size_t bad_ = 0;
};

void append_all(std::string& out, Answers& answers, char separator) {
    for (bool first = true; !answers.at_end(); first = false) {
        if (!first) out += separator;
        answers.write_next(out);
    }
}

void append_json_document(std::string& out, const ReplyForm& form, Answers& answers) {
    const bool wrapped = form.envelope == Envelope::predictions || form.envelope == Envelope::outputs;
    const bool list = form.batch || wrapped;
    if (wrapped) out += form.envelope == Envelope::predictions ? R"({"predictions":)" : R"({"outputs":)";
    if (list) out += '[';
    append_all(out, answers, ',');
    if (list) out += ']';
    if (wrapped) out += '}';
}

std::string npy_reply(const ReplyForm& form, Row probabilities, std::size_t classes) {
    if (form.bad_lines.empty()) return write_npy(probabilities, probabilities.size() / classes, classes);
    std::vector<float> rows(probabilities.begin(), probabilities.end());
    for (const BadLine& bad : form.bad_lines) {
        const auto at = std::min(bad.line * classes, rows.size());
        rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(at), classes, std::numeric_limits<float>::quiet_NaN());
    }
    return write_npy(rows, rows.size() / classes, classes);
}

void check(const ReplyForm& form, Row probabilities, std::size_t classes) {
    if (classes == 0 || probabilities.size() % classes != 0) {
        throw std::logic_error(text(probabilities.size(), " probabilities for ", classes, " classes"));
    }
    const std::size_t answers = probabilities.size() / classes + form.bad_lines.size();
    const bool list = form.batch || form.envelope == Envelope::predictions || form.envelope == Envelope::outputs;
    if (answers == 0 || (!list && answers != 1)) {
        throw std::logic_error(text(answers, " answers for a request of ", list ? "several images" : "one image"));
    }
    if (!std::all_of(probabilities.begin(), probabilities.end(), [](float value) { return std::isfinite(value); })) {
        throw std::logic_error("the model gave probabilities that are not finite numbers");
    }
}

}  // namespace

std::size_t largest_reply(ReplyType type, const ReplyForm& form, std::size_t images,
                          std::span<const std::string> class_names) {
    if (type == ReplyType::npy) {
        const std::size_t copies = form.bad_lines.empty() ? 1 : 2;
        return copies * (images + form.bad_lines.size()) * class_names.size() * sizeof(float) + 2 * kBytesAround;
    }
    std::size_t row = class_names.size() * kBytesOfNumber + (type == ReplyType::json_lines ? kBytesOfLine : 3);
    if (type == ReplyType::json_verbose) {
        std::size_t longest = 0;
        for (const std::string& name : as_json(class_names)) {
            row += name.size() + 1;
            longest = std::max(longest, name.size());
        }
        row += longest + kBytesAround;  // the predicted label
    }
    std::size_t bytes = images * row + kBytesAround;
    for (const BadLine& bad : form.bad_lines) bytes += 2 * (bad.code.size() + bad.message.size()) + kBytesAround;
    return bytes;
}

std::string write_reply(ReplyType type, const ReplyForm& form, Row probabilities,
                        std::span<const std::string> class_names, bool batch_mode) {
    check(form, probabilities, class_names.size());
    if (type == ReplyType::npy) return npy_reply(form, probabilities, class_names.size());
    const bool is_json = type == ReplyType::json || type == ReplyType::json_verbose;
    Answers answers(type, form, probabilities, class_names);
    std::string out;
    out.reserve(largest_reply(type, form, probabilities.size() / class_names.size(), class_names));
    if (is_json && !(batch_mode && form.envelope == Envelope::lines)) {
        append_json_document(out, form, answers);
    } else {
        append_all(out, answers, '\n');
    }
    if (batch_mode || type == ReplyType::json_lines) out += '\n';
    return out;
}

}  // namespace tundish
