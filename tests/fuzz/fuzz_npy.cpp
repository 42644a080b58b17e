// Any bytes as a npy file, for a colour and a grey model: pixels, or a refusal. What is written is read back.

#include "support/fuzz_request.hpp"
#include "tundish/serve/npy.hpp"

#include <algorithm>
#include <cstring>

using namespace tundish;
using namespace tundish::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try_request("application/x-npy", {data, size}, {3, 2, 2});
    try_request("application/x-npy", {data, size}, {1, 2, 3});
    std::vector<float> values(size / sizeof(float));
    if (values.empty()) return 0;
    std::memcpy(values.data(), data, values.size() * sizeof(float));
    const std::string file = write_npy(values, 1, values.size());
    const NpyArray read = parse_npy(as_bytes(file));
    promise(read.shape == std::vector<std::size_t>{1, values.size()}, "the shape is read back");
    promise(std::memcmp(read.data.data(), values.data(), read.data.size()) == 0, "the values are read back");
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

// Every so often starts again from a sound file, so that no corpus has to be kept.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    static const std::string start = write_npy(std::vector<float>(24, 7), 2, 12);
    if (size < 16 || seed % 16 == 0) {
        size = std::min(start.size(), max_size);
        std::memcpy(data, start.data(), size);
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
