#include "foreign_body.hpp"

#include "tundish/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tundish {
namespace {

using namespace std::string_view_literals;
using std::string_view;

struct Magic {
    string_view bytes;
    string_view name;
    std::size_t at = 0;
};

// Three bytes at least: fewer may well be the first pixels of a picture.
constexpr std::array kMagics{
    Magic{"GIF8"sv, "a GIF image"},
    Magic{"II*\0"sv, "a TIFF image"},
    Magic{"MM\0*"sv, "a TIFF image"},
    Magic{"ftypavif"sv, "an AVIF image", 4},
    Magic{"ftyphei"sv, "a HEIC image", 4},
    Magic{"\0\0\0\x0CjP  "sv, "a JPEG 2000 image"},
    Magic{"8BPS"sv, "a Photoshop image"},
    Magic{"ftyp"sv, "an MP4 or QuickTime video", 4},
    Magic{"\x1a\x45\xdf\xa3"sv, "a Matroska or WebM video"},
    Magic{"RIFF"sv, "a RIFF file, such as WAV or AVI"},
    Magic{"%PDF-"sv, "a PDF document"},
    Magic{"\x1f\x8b\x08"sv, "gzip-compressed data"},
    Magic{"BZh"sv, "bzip2-compressed data"},
    Magic{"\xFD"
          "7zXZ\0"sv,
          "xz-compressed data"},
    Magic{"\x28\xB5\x2F\xFD"sv, "zstd-compressed data"},
    Magic{"PK\x03\x04"sv, "a ZIP archive, as .npz and .pt files are"},
    Magic{"PK\x05\x06"sv, "an empty ZIP archive"},
    Magic{"7z\xBC\xAF\x27\x1C"sv, "a 7-Zip archive"},
    Magic{"Rar!\x1A"sv, "a RAR archive"},
    Magic{"ustar"sv, "a tar archive", 257},
    Magic{"\x89HDF\r\n"sv, "an HDF5 file"},
    Magic{"PAR1"sv, "a Parquet file"},
    Magic{"\x7f"
          "ELF"sv,
          "a program"},
};

constexpr std::array kMarkup{"<!doctype"sv, "<html"sv, "<?xml"sv, "<svg"sv};

bool is_markup(string_view body) {
    const std::string head = lower(trim(body.substr(0, 64)));
    return std::any_of(kMarkup.begin(), kMarkup.end(), [&](string_view begin) { return head.starts_with(begin); });
}

bool is_words(ByteSpan body) {
    constexpr int kManyLetters = 8;
    const auto is_of_text = [](std::uint8_t byte) {
        return (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\r' || byte == '\t';
    };
    if (!std::all_of(body.begin(), body.end(), is_of_text)) return false;  // pixels, as a rule: at one of the first
    std::array<bool, 256> seen{};
    for (const std::uint8_t byte : body) seen[byte] = true;
    return seen['\n'] && std::count(seen.begin() + '!', seen.end(), true) >= kManyLetters;
}

bool is_number(string_view field) {
    field = trim(field);
    if (field.starts_with('+')) field.remove_prefix(1);
    float value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    return error == std::errc() && end == field.data() + field.size();
}

}  // namespace

string_view foreign_kind(ByteSpan body) {
    const string_view bytes = as_text(body);
    for (const auto& [magic, name, at] : kMagics) {
        if (bytes.size() >= at && bytes.substr(at).starts_with(magic)) return name;
    }
    if (is_markup(bytes)) return "a document in HTML or XML";
    return is_words(body) ? "text" : "";
}

// A dark picture may have no other bytes either; its first ones are no numbers then.
bool looks_like_csv(string_view body) {
    constexpr int kLookedAt = 16;
    if (body.find_first_not_of("0123456789+-.eE, \t\r\n") != string_view::npos) return false;
    body = trim(body);
    int fields = 0;
    for (; fields < kLookedAt && !body.empty(); ++fields) {
        const auto end = std::min(body.find_first_of(",\n"), body.size());
        if (!is_number(body.substr(0, end))) return false;
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return fields > 1;
}

}  // namespace tundish
