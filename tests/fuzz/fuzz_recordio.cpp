// Any bytes as RecordIO: the same records or the same DataError whether they come at once or one by one. The first byte
// chooses the convention and the limit. What dmlc's writer makes of the input is read back as it was.

#include "support/fuzz_framing.hpp"
#include "support/memory_source.hpp"
#include "tundish/data/recordio.hpp"

using namespace tundish;
using namespace tundish::testing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto parts = data[0] % 2 == 0 ? RecordIoParts::dmlc : RecordIoParts::concatenate;
    const std::size_t limit = data[0] < 128 ? kMaxRecordBytes : 64;
    const std::string bytes(as_text({data + 1, size - 1}));
    RecordIo at_once(memory_source(bytes), parts, limit);
    RecordIo in_pieces(memory_source(bytes, 1), parts, limit);
    for (const auto& record : same_reading(at_once, in_pieces).records) {
        if (record.size() > limit + bytes.size()) std::abort();
    }
    RecordIo written(memory_source(recordio_dmlc(bytes)));
    if (read_all<DataError>(written).records != std::vector<std::string>{bytes}) std::abort();
    return 0;
}
