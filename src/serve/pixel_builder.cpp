#include "pixel_builder.hpp"

#include "array_layout.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/image_header.hpp"
#include "tundish/serve/base64.hpp"
#include "tundish/serve/request_error.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace tundish {
namespace {

// One image of any order as planes.
template <typename Number>
void gather(const Number* from, const ArrayLayout& layout, Number* to) {
    const auto [channels, height, width] = layout.shape;
    const std::size_t step = layout.strides[3];
    for (int c = 0; c < channels; ++c) {
        const Number* plane = from + static_cast<std::size_t>(c) * layout.strides[1];
        for (int y = 0; y < height; ++y) {
            const Number* row = plane + static_cast<std::size_t>(y) * layout.strides[2];
            for (int x = 0; x < width; ++x) *to++ = row[static_cast<std::size_t>(x) * step];
        }
    }
}

// One image of another size, as training fitted it.
template <typename Number>
void fit_into(const Number* image, const ImageShape& shape, std::optional<int> short_side, Number* to,
              const ImageShape& model) {
    if (!short_side) return resize_into(image, shape, to, model);
    const ImageShape scaled = with_short_side(shape, *short_side);
    std::vector<Number> whole(scaled.pixels());
    resize_into(image, shape, whole.data(), scaled);
    crop_centre_into(whole.data(), scaled, to, model);
}

// All images of an array as planes of the model's size.
template <typename Pixels, typename Number>
Pixels fitted(const Number* from, const ArrayLayout& layout, const ImageShape& model, std::optional<int> short_side) {
    if (layout.is_planar() && layout.shape == model) return Pixels(from, from + layout.images * model.pixels());
    Pixels out(layout.images * model.pixels());
    Pixels gathered(layout.shape == model ? 0 : layout.shape.pixels());
    for (std::size_t i = 0; i < layout.images; ++i) {
        const Number* image = from + i * layout.strides[0];
        Number* to = out.data() + i * model.pixels();
        if (layout.shape == model) {
            gather(image, layout, to);
        } else {
            gather(image, layout, gathered.data());
            fit_into(gathered.data(), layout.shape, short_side, to, model);
        }
    }
    return out;
}

// No server that anybody can reach should fetch what anybody names.
void refuse_address(std::string_view value) {
    for (const std::string_view scheme : {"http://", "https://", "s3://", "file://"}) {
        if (!value.starts_with(scheme)) continue;
        throw RequestError(400, "bad_base64",
                           text("addresses are not fetched: found ", scheme, "…, expected the image itself as base64"));
    }
}

std::string_view base64_of(std::string_view value) {
    constexpr std::string_view kMarker = ";base64,";
    value = trim(value);
    refuse_address(value);
    if (!value.starts_with("data:")) return value;
    const auto marker = value.substr(0, 200).find(kMarker);
    if (marker == std::string_view::npos) {
        throw RequestError(400, "bad_base64", "the data URL has no ';base64,'; expected data:image/png;base64,…");
    }
    return value.substr(marker + kMarker.size());
}

// The memory for decoding one image.
class ImageClaim {
  public:
    ImageClaim(MemoryGuard* memory, std::size_t bytes) : memory_(memory) {
        if (memory_ == nullptr) return;
        try {
            memory_->claim_image(bytes);
        } catch (const RequestError& error) {
            if (error.status() != 413) throw;
            throw RequestError(413, std::string(kImageTooLarge), error.what());
        }
    }
    ~ImageClaim() {
        if (memory_ != nullptr) memory_->release_image();
    }
    ImageClaim(const ImageClaim&) = delete;
    ImageClaim& operator=(const ImageClaim&) = delete;

  private:
    MemoryGuard* memory_;
};

void check_size(const ImageHeader& header, std::size_t max_bytes) {
    const auto bytes = static_cast<std::uint64_t>(header.width) * static_cast<std::uint64_t>(header.height) * 3;
    if (bytes <= max_bytes) return;
    throw RequestError(413, std::string(kImageTooLarge),
                       text("the image has ", header.width, " x ", header.height, " pixels, ", human_bytes(bytes),
                            "; at most ", human_bytes(max_bytes), " are decoded. Send a smaller one"));
}

// What an image takes before it is cropped: a narrow one becomes very long.
std::size_t bytes_before_crop(const ImageShape& shape, std::size_t bytes_of_value, const ParseLimits& limits) {
    if (!limits.resize_short_side) return 0;
    const std::size_t bytes = with_short_side(shape, *limits.resize_short_side).pixels() * bytes_of_value;
    if (bytes <= limits.max_decoded_bytes) return bytes;
    throw RequestError(413, std::string(kImageTooLarge),
                       text("an image of ", shape.width, " x ", shape.height, " pixels takes ", human_bytes(bytes),
                            " when its shorter side has ", *limits.resize_short_side, ", as in training; at most ",
                            human_bytes(limits.max_decoded_bytes), " are taken. Crop it"));
}

// An encoded image at the model's size.
Image decode(ByteSpan encoded, const ImageShape& model, const ParseLimits& limits) {
    try {
        const ImageHeader header = read_image_header(encoded);
        check_size(header, limits.max_decoded_bytes);
        const std::size_t scaled =
            bytes_before_crop({3, static_cast<int>(header.height), static_cast<int>(header.width)}, 1, limits);
        const ImageClaim claim(limits.memory, decoding_bytes(header) + scaled);
        return fit(decode_image(encoded, model.channels), {model, limits.resize_short_side, false});
    } catch (const DataError& error) {
        throw RequestError(400, "bad_image", error.what());
    }
}

}  // namespace

PixelBuilder::PixelBuilder(const ImageShape& model, const ParseLimits& limits)
    : limits_(limits), batch_{model, 0, {}} {}

void PixelBuilder::add_encoded(ByteSpan encoded) {
    check_room(1, 1);
    append(1, decode(encoded, model(), limits_).pixels);
}

void PixelBuilder::claim(std::size_t bytes) const {
    if (limits_.memory != nullptr) limits_.memory->claim(bytes);
}

void PixelBuilder::add_base64(std::string_view value) {
    add_encoded(decode_base64(base64_of(value)));
}

void PixelBuilder::add_raw(ByteSpan pixels) {
    const std::size_t images = pixels.size() / model().pixels();
    check_room(images, 1);
    append(images, Bytes(pixels.begin(), pixels.end()));
}

bool PixelBuilder::add_array(NumberArray array, Expect expect) {
    if (std::find(array.dims.begin(), array.dims.end(), 0U) != array.dims.end()) {
        throw RequestError(400, "empty_body", "the array has no elements; expected at least one image");
    }
    const ArrayLayout layout = lay_out(array.dims, array.fortran_order, model());
    if (expect == Expect::one_image && layout.images > 1) {
        throw RequestError(400, "wrong_shape", text("found ", layout.images, " images in one item; expected one"));
    }
    auto* floats = std::get_if<std::vector<float>>(&array.values);
    const std::size_t bytes_of_value = floats != nullptr ? sizeof(float) : 1;
    check_room(layout.images, bytes_of_value);
    if (layout.shape != model()) {
        claim(layout.images * model().pixels() * bytes_of_value +
              bytes_before_crop(layout.shape, bytes_of_value, limits_));
    }
    if (floats != nullptr) {
        const PixelRange range = clamp_to_pixels(*floats);
        if (range.bad) refuse_value(array, *range.bad, (*floats)[*range.bad]);
        above_zero_ = above_zero_ || range.above_zero;
        above_one_ = above_one_ || range.above_one;
        const bool as_it_is = layout.is_planar() && layout.shape == model();
        append(layout.images, as_it_is ? std::move(*floats)
                                       : fitted<std::vector<float>>(std::as_const(*floats).data(), layout, model(),
                                                                    limits_.resize_short_side));
    } else {
        const auto* owned = std::get_if<Bytes>(&array.values);
        const ByteSpan bytes = owned != nullptr ? ByteSpan(*owned) : std::get<ByteSpan>(array.values);
        append(layout.images, fitted<Bytes>(bytes.data(), layout, model(), limits_.resize_short_side));
    }
    return layout.batch;
}

ParsedRequest PixelBuilder::finish(ReplyForm form) && {
    const bool suspicious = batch_.images > 0 && only_floats_ && above_zero_ && !above_one_;
    return {std::move(batch_), std::move(form), suspicious};
}

void PixelBuilder::check_room(std::size_t images, std::size_t bytes_of_value) const {
    const std::size_t all = batch_.images + images;
    if (images > limits_.max_images || all > limits_.max_images) {
        throw RequestError(413, "too_large",
                           text("more than ", limits_.max_images, " images in one request; send several requests"));
    }
    const bool floats = bytes_of_value > 1 || std::holds_alternative<std::vector<float>>(batch_.values);
    if (all > limits_.max_decoded_bytes / (model().pixels() * (floats ? sizeof(float) : 1))) {
        throw RequestError(413, "too_large",
                           text("the request's images need more than ", human_bytes(limits_.max_decoded_bytes),
                                " of memory at the model's size; send several requests"));
    }
}

std::size_t PixelBuilder::expect(std::size_t numbers) {
    expected_ = std::min(numbers, limits_.max_decoded_bytes / sizeof(float));
    return expected_ * sizeof(float);
}

// By doubling. The old values lie beside the new ones while they are copied: earlier claims allow for that.
template <typename Values>
void PixelBuilder::make_room(Values& values, std::size_t more) const {
    const std::size_t needed = values.size() + more;
    if (needed <= values.capacity()) return;
    const std::size_t room = std::max(needed, 2 * values.capacity());
    claim(room * sizeof(values[0]));
    values.reserve(room);
}

void PixelBuilder::append(std::size_t images, Bytes&& pixels) {
    only_floats_ = false;
    if (auto* bytes = std::get_if<Bytes>(&batch_.values)) {
        if (bytes->empty()) {
            *bytes = std::move(pixels);
        } else {
            make_room(*bytes, pixels.size());
            bytes->insert(bytes->end(), pixels.begin(), pixels.end());
        }
    } else {
        auto& floats = std::get<std::vector<float>>(batch_.values);
        make_room(floats, pixels.size());
        floats.insert(floats.end(), pixels.begin(), pixels.end());
    }
    batch_.images += images;
}

// The pixels so far as floats, with the room that was expected.
std::vector<float>& PixelBuilder::as_floats() {
    if (const auto* bytes = std::get_if<Bytes>(&batch_.values)) {
        claim(bytes->size() * sizeof(float));
        std::vector<float> floats;
        floats.reserve(std::max(expected_, bytes->size()));
        floats.assign(bytes->begin(), bytes->end());
        batch_.values = std::move(floats);
    }
    return std::get<std::vector<float>>(batch_.values);
}

void PixelBuilder::append(std::size_t images, std::vector<float>&& pixels) {
    if (batch_.images == 0 && expected_ <= pixels.size()) {
        batch_.values = std::move(pixels);
    } else {
        auto& floats = as_floats();
        make_room(floats, pixels.size());
        floats.insert(floats.end(), pixels.begin(), pixels.end());
    }
    batch_.images += images;
}

}  // namespace tundish
