// Any bytes as an MXNet image record: label and image, or refused with DataError. What is accepted with a label is
// written and read again.

#include "tundish/base/error.hpp"
#include "tundish/data/labels.hpp"
#include "tundish/data/mxnet_record.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto record = tundish::parse_mxnet_record({data, size});
        if (record.image.empty() || record.image.data() + record.image.size() != data + size) std::abort();
        if (!record.label) return 0;
        if (*record.label < 0 || *record.label >= tundish::kLabelLimit) std::abort();
        std::string written;
        tundish::append_mxnet_record(written, *record.label, record.id, record.image);
        const auto again = tundish::parse_mxnet_record(tundish::as_bytes(written));
        if (again.label != record.label || !std::ranges::equal(again.image, record.image)) std::abort();
    } catch (const tundish::DataError&) {
    }
    return 0;
}
