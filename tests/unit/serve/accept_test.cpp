#include "tundish/serve/media_type.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "tundish/serve/request_error.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

ReplyType chosen(std::string_view accept) {
    return choose_reply_type(accept, ReplyType::json);
}

std::string refused(std::string_view accept) {
    return message_of<RequestError>([&] { chosen(accept); });
}

}  // namespace

TEST_CASE("a Content-Type is compared without case and parameters") {
    CHECK(media_type_of("Image/PNG") == "image/png");
    CHECK(media_type_of(" application/json;verbose") == "application/json");
    CHECK(media_type_of("application/json ; charset=utf-8") == "application/json");
    CHECK(media_type_of("") == "");
    CHECK(media_type_of(";charset=utf-8") == "");
}

TEST_CASE("without a wish the fallback is sent") {
    for (const auto* accept : {"", "*/*", " */* ", "*", "*/*;q=0.1", "nonsense", ",,;", "application/*"}) {
        INFO(accept);
        CHECK(choose_reply_type(accept, ReplyType::json) == ReplyType::json);
    }
    CHECK(choose_reply_type("*/*", ReplyType::csv) == ReplyType::csv);
    CHECK(choose_reply_type("application/*", ReplyType::npy) == ReplyType::npy);
    CHECK(choose_reply_type("*/*", ReplyType::json_verbose) == ReplyType::json_verbose);
}

TEST_CASE("each type is known by its names") {
    CHECK(chosen("application/json") == ReplyType::json);
    CHECK(chosen("APPLICATION/JSON; charset=utf-8") == ReplyType::json);
    CHECK(chosen("application/jsonlines") == ReplyType::json_lines);
    CHECK(chosen("application/x-ndjson") == ReplyType::json_lines);
    CHECK(chosen("text/csv") == ReplyType::csv);
    CHECK(chosen("text/*") == ReplyType::csv);
    CHECK(chosen("application/x-npy") == ReplyType::npy);
    CHECK(chosen("tensor/pt") == ReplyType::npy);
}

TEST_CASE("verbose is a parameter with or without a value") {
    CHECK(chosen("application/json;verbose") == ReplyType::json_verbose);
    CHECK(chosen("application/json; Verbose") == ReplyType::json_verbose);
    CHECK(chosen("application/json;verbose=true;q=0.5") == ReplyType::json_verbose);
    CHECK(chosen("application/json;verbose=false") == ReplyType::json);
    CHECK(chosen("text/csv;verbose") == ReplyType::csv);
    CHECK(choose_reply_type("application/json", ReplyType::json_verbose) == ReplyType::json);
}

TEST_CASE("lists are decided by q, then by their order") {
    CHECK(chosen("text/csv, application/json") == ReplyType::csv);
    CHECK(chosen("text/csv;q=0.5, application/json;q=0.9") == ReplyType::json);
    CHECK(chosen("image/png, application/x-npy;q=0.1") == ReplyType::npy);
    CHECK(chosen("text/csv,*/*") == ReplyType::csv);
    CHECK(chosen("text/csv;q=0.8,*/*") == ReplyType::json);
    CHECK(chosen("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2") == ReplyType::json);
    CHECK(chosen("application/json;verbose;q=0.2, application/json;q=0.8") == ReplyType::json);
}

TEST_CASE("the closest rule counts, and q=0 excludes") {
    CHECK(chosen("*/*, application/json;q=0") == ReplyType::json_lines);
    CHECK(chosen("application/json;q=0, application/jsonlines;q=0.0, */*;q=0.1") == ReplyType::csv);
    CHECK(chosen("application/*;q=0, text/csv") == ReplyType::csv);
    CHECK(chosen("application/*;q=0.1, application/x-npy;q=0.2") == ReplyType::npy);
}

TEST_CASE("pieces that cannot be read are passed over") {
    CHECK(chosen("///, text/csv") == ReplyType::csv);
    CHECK(chosen("application/json;q=high, text/csv;q=0.1") == ReplyType::csv);
    CHECK(chosen("text/csv;q=2, application/x-npy;q=0.1") == ReplyType::npy);
    CHECK(chosen("/json, application/, ;q=1, text/csv;") == ReplyType::csv);
}

TEST_CASE("what cannot be sent is 406 and says what can") {
    CHECK(lacks(refused("image/png"), {"'image/png'", "application/json;verbose", "text/csv", "application/x-npy"}) ==
          "");
    CHECK(lacks(refused("*/*;q=0"), {"offered"}) == "");
    CHECK(lacks(refused(std::string(5'000, 'a') + "/b\n\x01"), {"aaaa..."}) == "");
    CHECK(refused(std::string(5'000, 'a') + "/b").size() < 300);
    try {
        chosen("text/html");
    } catch (const RequestError& error) {
        CHECK(error.status() == 406);
        CHECK(error.code() == "not_acceptable");
    }
}

TEST_CASE("a reply's type is exact") {
    CHECK(content_type_of(ReplyType::json) == "application/json");
    CHECK(content_type_of(ReplyType::json_verbose) == "application/json");
    CHECK(content_type_of(ReplyType::json_lines) == "application/jsonlines");
    CHECK(content_type_of(ReplyType::csv) == "text/csv");
    CHECK(content_type_of(ReplyType::npy) == "application/x-npy");
}
