#pragma once

#include "number_array.hpp"
#include "tundish/data/image.hpp"
#include "tundish/serve/request_parser.hpp"

#include <vector>

namespace tundish {

/// Collects the images of one request into a PixelBatch: brings arrays into planar order and everything to the model's
/// size. Bytes stay bytes until the first float array comes. An add() that throws has added nothing. One thread.
class PixelBuilder {
  public:
    PixelBuilder(const ImageShape& model, const ParseLimits& limits);

    [[nodiscard]] const ImageShape& model() const { return batch_.shape; }
    [[nodiscard]] const ParseLimits& limits() const { return limits_; }

    /// An encoded JPEG, PNG, BMP or WebP image. Throws RequestError 400 "bad_image", 413 "too_large".
    void add_encoded(ByteSpan image);

    /// Base64 or a data URL of an encoded image.
    void add_base64(std::string_view text);

    /// Raw planar bytes of images of the model's size.
    void add_raw(ByteSpan pixels);

    /// Reads axes as lay_out() does; true when there is one for the images. Throws RequestError 400 "bad_value",
    /// "wrong_shape", "empty_body", 413 "too_large".
    enum class Expect { images, one_image };
    bool add_array(NumberArray array, Expect expect = Expect::images);

    /// Gives all that was added.
    ParsedRequest finish(ReplyForm form) &&;

  private:
    void check_room(std::size_t images, std::size_t bytes_of_value) const;
    void append(std::size_t images, Bytes&& pixels);
    void append(std::size_t images, std::vector<float>&& pixels);

    ParseLimits limits_;
    PixelBatch batch_;
    bool only_floats_ = true;
    bool above_zero_ = false;
    bool above_one_ = false;
};

}  // namespace tundish
