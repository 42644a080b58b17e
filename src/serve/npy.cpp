#include "tundish/serve/npy.hpp"

#include "npy_header.hpp"
#include "tundish/base/text.hpp"
#include "tundish/serve/request_error.hpp"

#include <cstdint>
#include <string_view>

namespace tundish {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = 65'535;  // a real one has about 100 bytes
constexpr std::size_t kAlignment = 64;

std::size_t bytes_needed(const NpyArray& array) {
    std::size_t bytes = array.type.bytes;
    bool empty = false;
    for (const std::size_t length : array.shape) empty = empty || length == 0;
    for (const std::size_t length : array.shape) {
        if (empty) return 0;
        if (__builtin_mul_overflow(bytes, length, &bytes)) refuse_npy("its shape is larger than any memory");
    }
    return bytes;
}

// Where the header's text begins and how long it is.
struct HeaderPlace {
    std::size_t begin;
    std::size_t size;
};

HeaderPlace find_header(ByteSpan file) {
    if (!looks_like_npy(file)) refuse_npy("it does not begin with \\x93NUMPY; expected what numpy.save writes");
    if (file.size() < 12) refuse_npy(text("it is cut off: only ", file.size(), " bytes"));
    const unsigned version = file[6];
    if (version < 1 || version > 3) refuse_npy(text("its version is ", version, "; expected 1 to 3"));
    const HeaderPlace place = version == 1 ? HeaderPlace{10, load_le<std::uint16_t>(&file[8])}
                                           : HeaderPlace{12, load_le<std::uint32_t>(&file[8])};
    if (place.size > kLongestHeader) refuse_npy(text("its header has ", place.size, " bytes; at most 65535 are read"));
    if (place.size > file.size() - place.begin) refuse_npy("it is cut off within its header");
    return place;
}

}  // namespace

bool looks_like_npy(ByteSpan bytes) {
    return as_text(bytes).starts_with(kMagic);
}

NpyArray parse_npy(ByteSpan file) {
    const auto [begin, size] = find_header(file);
    NpyArray array = parse_npy_header(as_text(file.subspan(begin, size)));
    array.data = file.subspan(begin + size);
    const std::size_t needed = bytes_needed(array);
    if (array.data.size() != needed) {
        refuse_npy(text("its shape needs ", needed, " bytes of data, found ", array.data.size(),
                        array.data.size() < needed ? "; is it cut off?" : ""));
    }
    return array;
}

std::string write_npy(std::span<const float> values, std::size_t rows, std::size_t columns) {
    std::string header = text("{'descr': '<f4', 'fortran_order': False, 'shape': (", rows, ", ", columns, "), }");
    const std::size_t before = kMagic.size() + 4;
    header.append(kAlignment - 1 - (before + header.size()) % kAlignment, ' ');
    header += '\n';
    std::string out;
    out.reserve(before + header.size() + values.size_bytes());
    out += kMagic;
    out += std::string_view("\x01\x00", 2);
    append_le(out, static_cast<std::uint16_t>(header.size()));
    out += header;
    out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    return out;
}

}  // namespace tundish
