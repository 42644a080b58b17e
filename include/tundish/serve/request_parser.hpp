#pragma once

#include "tundish/base/bytes.hpp"
#include "tundish/serve/memory_guard.hpp"
#include "tundish/serve/pixel_batch.hpp"
#include "tundish/serve/reply_form.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace tundish {

/// What one request may cost, and how it is read. What is above is refused with 413 before memory is taken.
struct ParseLimits {
    std::size_t max_images = 1U << 20U;           ///< of one request
    std::size_t max_decoded_bytes = 1ULL << 30U;  ///< of its pixels in memory, and of one decoded image
    std::size_t max_json_bytes = 32U << 20U;  ///< of one JSON document: its numbers take up to 20 times as much memory
    bool placeholder_for_bad_lines = false;   ///< JSON Lines: a bad line becomes a ReplyForm::bad_lines, not an error
    std::optional<int>
        resize_short_side{};        ///< of images of another size than the model's, then cropped; else stretched
    MemoryGuard* memory = nullptr;  ///< asked before memory is taken; null: nobody is
};

/// A request's images, and how the answer has to look.
struct ParsedRequest {
    PixelBatch pixels;  ///< no images only if every line was bad
    ReplyForm form;
    bool suspicious_range = false;  ///< a float body with values above 0 and none above 1: probably scaled already
};

/// Reads a request body by its Content-Type (empty: absent; parameters are ignored):
///
/// | type | body |
/// |---|---|
/// | image/\*, application/x-image | one encoded image, or its base64 text |
/// | application/x-npy, tensor/pt | what np.save writes: any bool, integer or float type, byte order, axis order |
/// | application/json | a nested list, `instances`, `inputs`, base64 (see below) |
/// | application/jsonlines | a JSON item a line |
/// | text/csv | channels * height * width numbers a row |
/// | application/x-recordio | a record an image: encoded, raw, or MXNet's image record (its labels are not looked at) |
/// | text/plain | base64 of an image, JSON or CSV |
/// | application/octet-stream, none | whatever it looks like (see below) |
/// | application/x-www-form-urlencoded, file-path/raw-bytes | likewise |
/// | other types | likewise, but for raw bytes, and 415 when nothing fits |
/// | multipart/\*, x-npz, x-recordio-protobuf, libsvm | 415 |
///
/// By its look a body is an encoded image, npy, RecordIO, JSON, base64 of an image or CSV; else raw bytes of n images,
/// unless it begins as a file of another kind or is text.
///
/// Numbers. Integers and floats are 0..255, never guessed. A float up to 0.5 outside is rounding and is clamped; what
/// lies further out, NaN and infinity are 400: normalised pixels would otherwise get a wrong answer without a word.
/// Arrays are CHW, HWC, NCHW, NHWC, flat (C*H*W) or (N, C*H*W), and for grey models HW or NHW. The axis as long as the
/// model has channels is the channel axis; if both fit, the first. Other heights and widths are resized as images are.
///
/// JSON. An item is an array, base64 text or a data URL of an image, or an object that holds an item as its member
/// `b64`, `image_bytes`, `image` or `data`, or as its only one. `instances` is a list of items. `inputs`, or a bare
/// value, is one array (with or without batch axis), one item, or a list of items that are not all arrays; or an object
/// that holds one of these as an item does. Documents that stand on a line each are read as JSON Lines.
///
/// Lines. Blank lines at the end are passed over; in the middle they are 400, since answers are matched by their place.
/// A single CSV row is one image without batch axis; a single JSON line is a batch of one.
///
/// Throws RequestError: 400 for a body that is not what it has to be, 413 above a limit, 415 for a type that is not
/// read. Messages of JSON and CSV name the place: "instances[3][0]", "row 2, column 17"; all count from 0. Any thread.
ParsedRequest parse_request(std::string_view content_type, ByteSpan body, const ImageShape& model_shape,
                            const ParseLimits& limits = {});

}  // namespace tundish
