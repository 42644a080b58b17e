// Any bytes behind a first byte that chooses the Content-Type: sniffed, an image, RecordIO, unknown; pixels, or a
// refusal.

#include "support/fuzz_request.hpp"

#include <array>

using namespace tundish;
using namespace tundish::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array<std::string_view, 4> kTypes{"", "image/png", "application/x-recordio", "application/foo"};
    if (size == 0) return 0;
    try_request(kTypes[data[0] % kTypes.size()], {data + 1, size - 1}, {1, 2, 2});
    return 0;
}
