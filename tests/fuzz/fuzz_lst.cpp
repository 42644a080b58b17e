// Any text as a .lst file: parsed or refused with DataError; what is accepted keeps the promises of
// parse_lst().

#include "tundish/base/bytes.hpp"
#include "tundish/base/error.hpp"
#include "tundish/data/image_files_reader.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::int64_t classes = size > 0 ? data[0] % 4 : 0;
    try {
        const auto images = tundish::parse_lst(tundish::as_text({data, size}), "fuzz", classes);
        for (const auto& image : images) {
            if (image.file.empty() || image.line < 1 || image.label < 0) std::abort();
            if (classes > 0 && image.label >= classes) std::abort();
        }
    } catch (const tundish::DataError&) {
    }
    return 0;
}
