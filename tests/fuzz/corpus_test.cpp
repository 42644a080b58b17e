// Every kept case of every fuzz target, through the target's own function. A broken promise ends the program; the
// report then names the file.

#include "support/catch.hpp"
#include "tundish/base/bytes.hpp"
#include "tundish/base/files.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace tundish;

// TUNDISH_FUZZ_TARGETS is X(cifar)X(gzip)…
#define X(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
TUNDISH_FUZZ_TARGETS
#undef X

// Of libFuzzer; a mutator of our own names it, and nothing here calls that.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* /*data*/, std::size_t size, std::size_t /*max_size*/) {
    return size;
}

TEST_CASE("every kept case of every fuzz target keeps the target's promises") {
#define X(name) {#name, &fuzz_##name},
    const std::vector<std::pair<std::string, int (*)(const std::uint8_t*, std::size_t)>> targets{TUNDISH_FUZZ_TARGETS};
#undef X
    for (const auto& [name, target] : targets) {
        int cases = 0;
        for (const auto& entry :
             std::filesystem::directory_iterator(std::filesystem::path(TUNDISH_FUZZ_CORPUS) / name)) {
            INFO(entry.path());
            const std::string content = read_file(entry.path());
            CHECK(target(as_bytes(content).data(), content.size()) == 0);
            ++cases;
        }
        INFO(name);
        CHECK(cases > 0);
    }
}
