#include "body_kind.hpp"

#include "foreign_body.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/recordio.hpp"
#include "tundish/serve/base64.hpp"
#include "tundish/serve/npy.hpp"

#include <algorithm>
#include <array>

namespace tundish {
namespace {

using std::string_view;

struct Named {
    string_view type;
    BodyKind kind;
};

constexpr std::array kTypes{
    Named{"application/x-image", BodyKind::image},
    Named{"application/x-npy", BodyKind::npy},
    Named{"tensor/pt", BodyKind::npy},  // despite its name; the SDK's TorchTensorSerializer
    Named{"application/json", BodyKind::json},
    Named{"text/json", BodyKind::json},
    Named{"application/jsonlines", BodyKind::json_lines},
    Named{"application/x-jsonlines", BodyKind::json_lines},
    Named{"application/jsonl", BodyKind::json_lines},
    Named{"application/x-ndjson", BodyKind::json_lines},
    Named{"text/csv", BodyKind::csv},
    Named{"application/csv", BodyKind::csv},
    Named{"application/x-recordio", BodyKind::recordio},
    Named{"text/plain", BodyKind::text},
    Named{"", BodyKind::sniffed},
    Named{"*/*", BodyKind::sniffed},
    Named{"application/octet-stream", BodyKind::sniffed},
    Named{"binary/octet-stream", BodyKind::sniffed},
    Named{"application/x-www-form-urlencoded", BodyKind::sniffed},  // what curl says when nobody told it
    Named{"file-path/raw-bytes", BodyKind::sniffed},
    Named{"application/x-npz", BodyKind::refused},
    Named{"application/x-recordio-protobuf", BodyKind::refused},
    Named{"text/libsvm", BodyKind::refused},
    Named{"text/x-libsvm", BodyKind::refused},
};

// Text from its first to its last character, so that pixels are not taken for it.
bool is_text(ByteSpan body) {
    return std::all_of(body.begin(), body.end(),
                       [](std::uint8_t c) { return c >= ' ' || c == '\n' || c == '\r' || c == '\t'; });
}

bool looks_like_json(string_view value) {
    value = trim(value);
    return value.size() >= 2 && (value.front() == '[' || value.front() == '{') &&
           (value.back() == ']' || value.back() == '}');  // of several documents the last may be of the other kind
}

}  // namespace

BodyKind kind_of(string_view media_type) {
    const auto* found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const Named& named) { return named.type == media_type; });
    if (found != kTypes.end()) return found->kind;
    if (media_type.starts_with("image/")) return BodyKind::image;
    if (media_type.starts_with("multipart/")) return BodyKind::refused;
    if (media_type.starts_with("application/") && media_type.ends_with("+json")) return BodyKind::json;
    return BodyKind::unknown;
}

BodyKind kind_of(ByteSpan body, std::size_t image_bytes) {
    if (looks_like_image(body)) return BodyKind::image;
    if (looks_like_npy(body)) return BodyKind::npy;
    if (body.size() >= 8 && load_le<std::uint32_t>(body.data()) == RecordIo::kMagic) return BodyKind::recordio;
    if (looks_like_json(as_text(body)) && is_text(body)) return BodyKind::json;
    if (looks_like_base64_image(as_text(body)) && is_text(body)) return BodyKind::base64_image;
    if (looks_like_csv(as_text(body))) return BodyKind::csv;
    if (!foreign_kind(body).empty()) return BodyKind::unknown;
    return body.size() % image_bytes == 0 ? BodyKind::raw : BodyKind::unknown;
}

}  // namespace tundish
