// Any bytes as TFRecord: the same records or the same DataError whether they come at once or one by one. Right
// checksums are unlikely by chance, so the input is also cut into records that are then written, with one byte changed.

#include "support/fuzz_framing.hpp"
#include "support/memory_source.hpp"
#include "tundish/data/tfrecord.hpp"

#include <algorithm>

using namespace tundish;
using namespace tundish::testing;

namespace {

Reading read(const std::string& bytes, std::size_t limit) {
    TfRecord at_once(memory_source(bytes), limit);
    TfRecord in_pieces(memory_source(bytes, 1), limit);
    return same_reading(at_once, in_pieces);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const std::size_t limit = data[0] < 128 ? kMaxRecordBytes : 16;
    const std::string raw(as_text({data + 4, size - 4}));
    read(raw, limit);
    std::string written;
    std::vector<std::string> records;
    for (std::size_t at = 0; at < raw.size(); at += data[1] + 1U) {
        records.push_back(raw.substr(at, data[1] + 1U));
        written += tfrecord(records.back());
    }
    if (read(written, kMaxRecordBytes) != Reading{records, ""}) std::abort();
    if (written.empty()) return 0;
    const std::size_t place = (data[2] * 256U + data[3]) % written.size();
    written[place] = static_cast<char>(written[place] ^ 0x10);
    const auto changed = read(written, limit);
    if (changed.records.size() >= records.size()) std::abort();
    if (changed.error.empty() != (changed.damaged.size() == 1)) std::abort();
    if (changed.error.empty()) return 0;  // one record's data, and all others are there
    if (!std::equal(changed.records.begin(), changed.records.end(), records.begin())) std::abort();
    return 0;
}
