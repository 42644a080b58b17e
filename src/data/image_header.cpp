#include "tundish/data/image_header.hpp"

#include "exif.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tundish {
namespace {

using std::string_view;

constexpr string_view kPngSignature = "\x89PNG\r\n\x1a\n";

[[noreturn]] void cut_off(ImageFormat format, std::size_t size, string_view missing) {
    throw DataError(text("the ", to_text(format), " image is cut off: ", size, " bytes without ", missing));
}

[[noreturn]] void damaged(ImageFormat format, string_view what) {
    throw DataError(text("the ", to_text(format), " image is damaged: ", what));
}

bool starts_with(ByteSpan bytes, string_view magic, std::size_t at = 0) {
    return bytes.size() >= at + magic.size() && as_text(bytes.subspan(at, magic.size())) == magic;
}

// ---- JPEG: FF <code> [length, body]; after the start of a scan come entropy-coded bytes in which FF is
// followed by 00 or by a restart marker, so looking for the next FF <code> skips them and any padding alike.

bool is_frame_start(unsigned code) {  // SOF0..SOF15 without DHT, JPG and DAC, which share the range
    return code >= 0xC0 && code <= 0xCF && code != 0xC4 && code != 0xC8 && code != 0xCC;
}

bool stands_alone(unsigned code) {
    return code == 0x00 || code == 0x01 || code == 0xFF || (code >= 0xD0 && code <= 0xD7);
}

// A second frame header is refused, as libjpeg would take the first one's size: what is checked must be what is
// decoded.
void read_jpeg_segment(unsigned code, ByteSpan body, ImageHeader& header) {
    constexpr string_view kExif{"Exif\0\0", 6};
    if (is_frame_start(code)) {
        if (header.width != 0 || header.height != 0) damaged(header.format, "it has two frame headers");
        if (body.size() < 6) damaged(header.format, "its frame header is too short");
        header.height = load_be<std::uint16_t>(&body[1]);
        header.width = load_be<std::uint16_t>(&body[3]);
        header.grey = body[5] == 1;
    } else if (code == 0xE1 && header.orientation == 1 && starts_with(body, kExif)) {
        header.orientation = exif_orientation(body.subspan(kExif.size()));
    }
}

ImageHeader read_jpeg(ByteSpan bytes) {
    constexpr string_view kEnd = "an end-of-image marker (FF D9)";
    ImageHeader header{ImageFormat::jpeg};
    bool scanned = false;
    for (std::size_t at = 2; at + 1 < bytes.size();) {
        const void* found = std::memchr(bytes.data() + at, 0xFF, bytes.size() - 1 - at);
        if (found == nullptr) break;
        at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
        const unsigned code = bytes[at + 1];
        at += code == 0xFF ? 1 : 2;  // FF FF: padding, the second FF may begin the marker
        if (stands_alone(code)) continue;
        if (code == 0xD9) {
            if (!scanned || header.width == 0) damaged(header.format, "it ends before any pixels");
            return header;
        }
        if (bytes.size() - at < 2) break;
        const std::size_t length = load_be<std::uint16_t>(&bytes[at]);
        if (length < 2) damaged(header.format, "a segment has an impossible length");
        if (length > bytes.size() - at) break;
        read_jpeg_segment(code, bytes.subspan(at + 2, length - 2), header);
        scanned = scanned || code == 0xDA;
        at += length;
    }
    cut_off(header.format, bytes.size(), kEnd);
}

// ---- PNG: length, type, body, CRC (which libpng checks).

ImageHeader read_png(ByteSpan bytes) {
    ImageHeader header{ImageFormat::png};
    unsigned colour_type = 0;
    std::size_t at = kPngSignature.size();
    while (bytes.size() - at >= 12) {
        const std::size_t length = load_be<std::uint32_t>(&bytes[at]);
        if (length > bytes.size() - at - 12) break;
        const auto type = as_text(bytes.subspan(at + 4, 4));
        const auto body = bytes.subspan(at + 8, length);
        if (header.width == 0) {
            if (type != "IHDR" || length != 13) damaged(header.format, "it does not begin with its header");
            header.width = load_be<std::uint32_t>(&body[0]);
            header.height = load_be<std::uint32_t>(&body[4]);
            colour_type = body[9];
            header.alpha = colour_type == 4 || colour_type == 6;
            header.grey = colour_type == 0 || colour_type == 4;
            if (header.width == 0) damaged(header.format, "its width is 0");
        } else if (type == "tRNS") {
            header.alpha = header.alpha || colour_type == 3;
        } else if (type == "eXIf") {
            header.orientation = exif_orientation(body);
        } else if (type == "IEND") {
            return header;
        }
        at += length + 12;
    }
    cut_off(header.format, bytes.size(), "its end chunk (IEND)");
}

// ---- BMP

ImageHeader read_bmp(ByteSpan bytes) {
    ImageHeader header{ImageFormat::bmp};
    if (bytes.size() < 30) cut_off(header.format, bytes.size(), "a whole header");
    const auto pixels_at = std::int64_t{load_le<std::uint32_t>(&bytes[10])};
    const auto header_size = load_le<std::uint32_t>(&bytes[14]);
    const bool old = header_size == 12;
    header.width = old ? load_le<std::uint16_t>(&bytes[18]) : load_le<std::int32_t>(&bytes[18]);
    header.height =
        std::llabs(old ? load_le<std::uint16_t>(&bytes[20]) : std::int64_t{load_le<std::int32_t>(&bytes[22])});
    if (header.width <= 0 || old) return header;
    const std::int64_t bits = load_le<std::uint16_t>(&bytes[28]);
    const std::uint32_t compression = bytes.size() >= 34 ? load_le<std::uint32_t>(&bytes[30]) : 0;
    header.alpha = bits == 32 && header_size >= 56 && bytes.size() >= 70 && load_le<std::uint32_t>(&bytes[66]) != 0;
    const bool packed = compression == 1 || compression == 2;  // run lengths: the size cannot be told from the header
    const std::int64_t row = (header.width * bits + 31) / 32 * 4;
    if (!packed &&
        header.height > (static_cast<std::int64_t>(bytes.size()) - pixels_at) / std::max<std::int64_t>(row, 1)) {
        cut_off(header.format, bytes.size(), "all of its rows");
    }
    return header;
}

// ---- WebP: a RIFF file; the first chunk is VP8 (lossy), VP8L (lossless) or VP8X (extended). What libwebp
// would refuse by its header is refused here: OpenCV would go on to ask its other decoders, down to GDAL,
// which writes the bytes to /tmp.

// RFC 6386, 9.1: a key frame that is shown, of a known version, whose first partition fits, and the start
// code.
bool is_lossy_frame(ByteSpan body) {
    const std::uint32_t tag = body[0] | std::uint32_t{body[1]} << 8U | std::uint32_t{body[2]} << 16U;
    const bool shown_key_frame = (tag & 1U) == 0 && (tag >> 4U & 1U) == 1 && (tag >> 1U & 7U) <= 3;
    return shown_key_frame && (tag >> 5U) < body.size() && as_text(body.subspan(3, 3)) == "\x9d\x01\x2a";
}

bool is_lossless_frame(ByteSpan body) {
    return body[0] == 0x2F && body[4] >> 5U == 0;
}

void read_webp_size(string_view type, ByteSpan body, ImageHeader& header) {
    if (type == "VP8 " && body.size() >= 10 && is_lossy_frame(body)) {
        header.width = load_le<std::uint16_t>(&body[6]) & 0x3FFF;
        header.height = load_le<std::uint16_t>(&body[8]) & 0x3FFF;
    } else if (type == "VP8L" && body.size() >= 5 && is_lossless_frame(body)) {
        const auto packed = load_le<std::uint32_t>(&body[1]);
        header.width = std::int64_t{packed & 0x3FFFU} + 1;
        header.height = std::int64_t{packed >> 14U & 0x3FFFU} + 1;
        header.alpha = (packed >> 28U & 1U) != 0;
    } else if (type == "VP8X" && body.size() == 10) {
        header.width = std::int64_t{load_le<std::uint32_t>(&body[4]) & 0xFFFFFFU} + 1;  // 3 bytes each
        header.height = std::int64_t{load_le<std::uint32_t>(&body[6]) >> 8U} + 1;
        header.alpha = (body[0] & 0x10U) != 0;
    } else {
        damaged(header.format, "its first chunk is no image");
    }
}

ImageHeader read_webp(ByteSpan bytes) {
    ImageHeader header{ImageFormat::webp};
    const std::size_t size = std::size_t{load_le<std::uint32_t>(&bytes[4])} + 8;
    if (size > bytes.size()) cut_off(header.format, bytes.size(), text("the ", size, " that its header announces"));
    for (std::size_t at = 12; at + 8 <= size;) {
        const std::size_t length = load_le<std::uint32_t>(&bytes[at + 4]);
        if (length > size - at - 8) cut_off(header.format, bytes.size(), "all of a chunk");
        const auto type = as_text(bytes.subspan(at, 4));
        const auto body = bytes.subspan(at + 8, length);
        if (header.width == 0) read_webp_size(type, body, header);
        if (type == "EXIF") {
            constexpr string_view kExif{"Exif\0\0", 6};  // some writers keep JPEG's prefix
            header.orientation = exif_orientation(starts_with(body, kExif) ? body.subspan(kExif.size()) : body);
        }
        at += 8 + length + length % 2;
    }
    return header;
}

ImageHeader read_any(ByteSpan bytes) {
    const auto format = image_format(bytes);
    if (!format) throw DataError(text("expected a JPEG, PNG, BMP or WebP image, found ", describe_bytes(bytes)));
    switch (*format) {
        case ImageFormat::jpeg:
            return read_jpeg(bytes);
        case ImageFormat::png:
            return read_png(bytes);
        case ImageFormat::bmp:
            return read_bmp(bytes);
        case ImageFormat::webp:
            break;
    }
    return read_webp(bytes);
}

bool is_gif(ByteSpan bytes) {
    return starts_with(bytes, "GIF8");
}

bool is_tiff(ByteSpan bytes) {
    return starts_with(bytes, string_view("II*\0", 4)) || starts_with(bytes, string_view("MM\0*", 4));
}

}  // namespace

std::string to_text(ImageFormat format) {
    switch (format) {
        case ImageFormat::jpeg:
            return "JPEG";
        case ImageFormat::png:
            return "PNG";
        case ImageFormat::bmp:
            return "BMP";
        case ImageFormat::webp:
            break;
    }
    return "WebP";
}

std::optional<ImageFormat> image_format(ByteSpan bytes) {
    constexpr std::array<std::uint32_t, 7> kBmpHeaders{12, 40, 52, 56, 64, 108, 124};
    if (starts_with(bytes, "\xFF\xD8\xFF")) return ImageFormat::jpeg;
    if (starts_with(bytes, kPngSignature)) return ImageFormat::png;
    if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return ImageFormat::webp;
    // Two letters are a weak sign, so the header's own size has to be one that exists.
    if (starts_with(bytes, "BM") && bytes.size() >= 18 &&
        std::find(kBmpHeaders.begin(), kBmpHeaders.end(), load_le<std::uint32_t>(&bytes[14])) != kBmpHeaders.end()) {
        return ImageFormat::bmp;
    }
    return std::nullopt;
}

ImageHeader read_image_header(ByteSpan bytes) {
    const ImageHeader header = read_any(bytes);
    if (header.width <= 0 || header.height <= 0) {
        damaged(header.format, text("its size is ", header.width, " x ", header.height, " pixels"));
    }
    if (header.height > kMaxImagePixels / header.width) {
        throw DataError(text("the ", to_text(header.format), " image has ", header.width, " x ", header.height,
                             " pixels; at most ", kMaxImagePixels, " are decoded"));
    }
    return header;
}

bool is_image_of_other_kind(ByteSpan bytes) {
    return is_gif(bytes) || is_tiff(bytes);
}

std::string describe_bytes(ByteSpan bytes) {
    if (bytes.empty()) return "no bytes at all";
    if (const auto format = image_format(bytes)) return text("a ", to_text(*format), " image");
    if (is_gif(bytes)) return "a GIF image";
    if (is_tiff(bytes)) return "a TIFF image";
    if (starts_with(bytes, "\x1f\x8b")) return "gzip-compressed data";
    if (starts_with(bytes, "PK\x03\x04")) return "a ZIP archive";
    if (starts_with(bytes, "\x0a\x23\xd7\xce")) return "RecordIO records";
    const auto head = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 24)));
    const auto printable = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
    if (std::all_of(head.begin(), head.end(), printable)) {
        const string_view begins = trim(head);
        return text("text that begins '", begins.substr(0, begins.find_first_of("\n\r\t")), "'");
    }
    std::string hex;
    for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
        constexpr string_view kDigits = "0123456789abcdef";
        hex += {' ', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
    return text(bytes.size(), " bytes that begin", hex);
}

}  // namespace tundish
