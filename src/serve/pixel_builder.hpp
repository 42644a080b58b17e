#pragma once

#include "number_array.hpp"
#include "tundish/data/image.hpp"
#include "tundish/serve/request_parser.hpp"

#include <string_view>
#include <vector>

namespace tundish {

/// The code of the 413 for one image that is too large by itself, so that another one may not be.
inline constexpr std::string_view kImageTooLarge = "image_too_large";

/// Collects the images of one request into a PixelBatch: brings arrays into planar order and everything to the model's
/// size. Bytes stay bytes until the first float array comes. An add() that throws has added nothing. One thread.
class PixelBuilder {
  public:
    PixelBuilder(const ImageShape& model, const ParseLimits& limits);

    [[nodiscard]] const ImageShape& model() const { return batch_.shape; }
    [[nodiscard]] const ParseLimits& limits() const { return limits_; }

    /// To be called before so many bytes are taken to read the body. Throws RequestError when they must not be.
    void claim(std::size_t bytes) const;

    /// Several arrays of at most so many numbers will be added: they find their room without moving. How many bytes
    /// that takes, which are the caller's to claim.
    std::size_t expect(std::size_t numbers);

    /// An encoded JPEG, PNG, BMP or WebP image. Throws RequestError 400 "bad_image", 413 kImageTooLarge.
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
    template <typename Values>
    void make_room(Values& values, std::size_t more) const;
    std::vector<float>& as_floats();
    void append(std::size_t images, Bytes&& pixels);
    void append(std::size_t images, std::vector<float>&& pixels);

    ParseLimits limits_;
    PixelBatch batch_;
    std::size_t expected_ = 0;
    bool only_floats_ = true;
    bool above_zero_ = false;
    bool above_one_ = false;
};

}  // namespace tundish
