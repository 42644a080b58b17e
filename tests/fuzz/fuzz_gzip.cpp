// Any bytes as a source that may be gzip: the same bytes and the same kind of end whether they come at once or one by
// one, are taken at once or one by one. The input as one member is inflated back to what it was.

#include "support/framed_bytes.hpp"
#include "support/gzip_bytes.hpp"
#include "support/memory_source.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/inflate.hpp"

#include <cstdlib>
#include <iostream>

using namespace tundish;
using namespace tundish::testing;

namespace {

constexpr std::size_t kMost = 1 << 16;  // a bomb is cut here

Reading drain(const std::string& bytes, std::size_t source_piece, std::size_t piece) {
    const auto source = inflate_on_sight(memory_source(bytes, source_piece));
    Reading out;
    out.records.emplace_back();
    std::string buffer(piece, '\0');
    try {
        while (out.records[0].size() < kMost) {
            const auto got = source->read(reinterpret_cast<std::uint8_t*>(buffer.data()), piece);
            if (got == 0) break;
            out.records[0].append(buffer, 0, got);
        }
        out.records[0].resize(std::min(out.records[0].size(), kMost));
    } catch (const DataError& error) {
        out.error = error.what();
    }
    return out;
}

void same(const Reading& a, const Reading& b) {
    if (a == b) return;
    std::cerr << a.records[0].size() << " bytes, " << a.error << '\n' << b.records[0].size() << " bytes, " << b.error;
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(as_text({data, size}));
    const auto at_once = drain(bytes, 0, kMost);
    same(at_once, drain(bytes, 1, kMost));
    same(at_once, drain(bytes, 0, 7));
    if (drain(gzipped(bytes), 3, 4096) != Reading{{bytes}, ""}) std::abort();
    return 0;
}
