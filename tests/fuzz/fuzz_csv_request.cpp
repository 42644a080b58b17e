// Any bytes as CSV and as plain text: pixels, or a refusal.

#include "support/fuzz_request.hpp"

using namespace tundish;
using namespace tundish::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try_request("text/csv", {data, size}, {1, 1, 2});
    try_request("text/plain", {data, size}, {1, 1, 2});
    return 0;
}
