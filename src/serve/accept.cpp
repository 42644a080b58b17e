#include "tundish/base/text.hpp"
#include "tundish/serve/media_type.hpp"
#include "tundish/serve/request_error.hpp"

#include "printable.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace tundish {
namespace {

using std::string_view;

constexpr std::array kReplyTypes{ReplyType::json, ReplyType::json_verbose, ReplyType::json_lines, ReplyType::csv,
                                 ReplyType::npy};

// One piece of an Accept header.
struct Rule {
    std::string type;
    bool verbose = false;
    float q = 1;

    [[nodiscard]] bool is_json() const { return type == "application/json" || type == "text/json"; }
};

struct Name {
    string_view type;
    ReplyType reply;
};

constexpr std::array kNames{
    Name{"application/json", ReplyType::json},
    Name{"text/json", ReplyType::json},
    Name{"application/jsonlines", ReplyType::json_lines},
    Name{"application/x-jsonlines", ReplyType::json_lines},
    Name{"application/jsonl", ReplyType::json_lines},
    Name{"application/x-ndjson", ReplyType::json_lines},
    Name{"text/csv", ReplyType::csv},
    Name{"application/csv", ReplyType::csv},
    Name{"application/x-npy", ReplyType::npy},
    Name{"tensor/pt", ReplyType::npy},
};

// Cuts off and gives what stands before `separator`.
string_view take_piece(string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const auto piece = trim(rest.substr(0, end));
    rest.remove_prefix(end == string_view::npos ? rest.size() : end + 1);
    return piece;
}

std::optional<float> parse_q(string_view value) {
    float q = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), q, std::chars_format::fixed);
    if (error != std::errc() || end != value.data() + value.size() || !(q >= 0 && q <= 1)) return std::nullopt;
    return q;
}

bool is_media_type(string_view type) {
    const auto slash = type.find('/');
    if (slash == 0 || slash == string_view::npos || slash + 1 == type.size()) return false;
    return type.find_first_of(" \t\"/", slash + 1) == string_view::npos;
}

std::optional<Rule> parse_rule(string_view piece) {
    Rule rule{lower(take_piece(piece, ';'))};
    if (rule.type == "*") rule.type = "*/*";  // Java's URLConnection sends it
    if (!is_media_type(rule.type)) return std::nullopt;
    while (!piece.empty()) {
        string_view value = take_piece(piece, ';');
        const bool has_value = value.find('=') != string_view::npos;
        const std::string name = lower(take_piece(value, '='));
        if (name == "verbose") rule.verbose = !has_value || (lower(trim(value)) != "false" && trim(value) != "0");
        if (name != "q") continue;
        const auto q = parse_q(trim(value));
        if (!q) return std::nullopt;
        rule.q = *q;
    }
    return rule;
}

std::vector<Rule> parse_accept(string_view accept) {
    std::vector<Rule> rules;
    while (!accept.empty()) {
        if (auto rule = parse_rule(take_piece(accept, ','))) rules.push_back(std::move(*rule));
    }
    return rules;
}

// How closely a rule names a type: 0 not at all, 1 */*, 2 application/*, 3 the type itself. Verbose JSON is for whoever
// names it, or behind a wildcard if it is the fallback.
int closeness(const Rule& rule, ReplyType reply, ReplyType fallback) {
    if (rule.is_json() && rule.verbose) return reply == ReplyType::json_verbose ? 3 : 0;
    if (reply == ReplyType::json_verbose && (fallback != reply || rule.is_json())) return 0;
    if (rule.type == "*/*") return 1;
    const string_view usual = content_type_of(reply);
    if (rule.type.ends_with("/*")) return usual.starts_with(rule.type.substr(0, rule.type.size() - 1)) ? 2 : 0;
    const bool named = std::any_of(kNames.begin(), kNames.end(),
                                   [&](const Name& name) { return name.type == rule.type && name.reply == reply; });
    return named ? 3 : 0;
}

struct Offer {
    ReplyType reply;
    float q = 0;
    std::size_t order = 0;  // of the rule in the header
};

Offer rate(ReplyType reply, const std::vector<Rule>& rules, ReplyType fallback) {
    Offer offer{reply};
    int closest = 0;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const int close = closeness(rules[i], reply, fallback);
        if (close > closest || (close == closest && close > 0 && rules[i].q > offer.q)) {
            closest = close;
            offer = {reply, rules[i].q, i};
        }
    }
    return offer;
}

}  // namespace

ReplyType choose_reply_type(string_view accept, ReplyType fallback) {
    const std::vector<Rule> rules = parse_accept(accept);
    if (rules.empty()) return fallback;
    Offer best = rate(fallback, rules, fallback);
    for (const ReplyType reply : kReplyTypes) {
        const Offer offer = rate(reply, rules, fallback);
        if (offer.q > best.q || (offer.q == best.q && offer.q > 0 && offer.order < best.order)) best = offer;
    }
    if (best.q > 0) return best.reply;
    throw RequestError(406, "not_acceptable",
                       text("Accept ", printable(trim(accept)),
                            " names nothing that can be sent; offered: application/json, application/json;verbose, "
                            "application/jsonlines, text/csv, application/x-npy"));
}

}  // namespace tundish
