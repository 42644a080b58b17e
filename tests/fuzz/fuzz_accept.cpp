// Any bytes as an Accept header, whole and without its last piece, and as a Content-Type: a type that can be sent, or
// 406.

#include "support/fuzz_request.hpp"
#include "tundish/serve/media_type.hpp"

using namespace tundish;
using namespace tundish::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view accept = as_text({data, size});
    promise(media_type_of(accept).find(';') == std::string::npos, "parameters are cut off");
    for (const auto fallback : {ReplyType::json, ReplyType::csv, ReplyType::json_verbose}) {
        for (const auto header : {accept, accept.substr(0, accept.find_last_of(','))}) {
            try {
                promise(!content_type_of(choose_reply_type(header, fallback)).empty(), "a type has a name");
            } catch (const RequestError& error) {
                promise(error.status() == 406, "what cannot be sent is 406");
                check_refusal(error);
            }
        }
    }
    return 0;
}
