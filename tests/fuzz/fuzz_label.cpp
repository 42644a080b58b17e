// Any bytes as the text of a label, in both list formats: a class in range, or refused with DataError; and as a
// content type.

#include "tundish/base/error.hpp"
#include "tundish/data/labels.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::int64_t classes = size > 0 ? data[0] % 5 : 0;
    for (const auto format : {tundish::LabelFormat::multi_hot, tundish::LabelFormat::class_id}) {
        try {
            const auto label = tundish::parse_label({data, size}, format, classes);
            if (label < 0 || label >= (classes > 0 ? classes : tundish::kLabelLimit)) std::abort();
        } catch (const tundish::DataError&) {
        }
    }
    try {
        tundish::label_format_of(tundish::as_text({data, size}));
    } catch (const tundish::ConfigError&) {
    }
    return 0;
}
