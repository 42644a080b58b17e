// Any bytes as JSON and as JSON Lines, with and without placeholders: pixels, or a refusal.

#include "support/fuzz_request.hpp"

using namespace tundish;
using namespace tundish::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try_request("application/json", {data, size}, {1, 1, 2});
    try_request("application/jsonlines", {data, size}, {1, 1, 2});
    try_request("application/jsonlines", {data, size}, {3, 1, 1}, /*placeholders=*/true);
    return 0;
}
