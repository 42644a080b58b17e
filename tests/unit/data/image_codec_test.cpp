#include "tundish/data/image_codec.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/image_files.hpp"
#include "tundish/base/error.hpp"
#include "tundish/base/random.hpp"
#include "tundish/data/image_header.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using namespace tundish;
using namespace tundish::testing;

namespace {

std::string decode_error(const std::string& bytes) {
    return message_of<DataError>([&] { decode_image(as_bytes(bytes), 3); });
}

int pixel(const Image& image, int channel, int y, int x) {
    const auto at = (channel * image.shape.height + y) * image.shape.width + x;
    return image.pixels.at(static_cast<std::size_t>(at));
}

// A JPEG of 16x8 whose left half is black and whose right half is white, with an EXIF orientation.
std::string oriented_jpeg(char orientation) {
    cv::Mat mat(8, 16, CV_8UC3, cv::Scalar(0, 0, 0));
    mat.colRange(8, 16).setTo(cv::Scalar(255, 255, 255));
    std::string jpeg = encoded(mat, ".jpg");
    const std::string tiff = std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) + orientation +
                             std::string("\0\0\0\0\0\0\0", 7);
    const std::string body = std::string("Exif\0\0", 6) + tiff;
    const std::string length{'\0', static_cast<char>(body.size() + 2)};
    return jpeg.insert(2, "\xFF\xE1" + length + body);
}

void put_le(std::string& bytes, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xFFU);
}

}  // namespace

TEST_CASE("lossless images decode to the same pixels, planar and red first") {
    for (const std::string extension : {".png", ".bmp"}) {
        const auto image = decode_image(as_bytes(plain_image(extension, 5, 7, 10, 20, 30)), 3);
        REQUIRE(image.shape == ImageShape{3, 5, 7});
        CHECK(pixel(image, 0, 4, 6) == 10);
        CHECK(pixel(image, 1, 4, 6) == 20);
        CHECK(pixel(image, 2, 4, 6) == 30);
    }
}

TEST_CASE("JPEG and WebP decode to nearly the same pixels") {
    for (const std::string extension : {".jpg", ".webp"}) {
        const auto image = decode_image(as_bytes(plain_image(extension, 16, 24, 200, 100, 50)), 3);
        REQUIRE(image.shape == ImageShape{3, 16, 24});
        CHECK(std::abs(pixel(image, 0, 8, 8) - 200) <= 4);
        CHECK(std::abs(pixel(image, 2, 8, 8) - 50) <= 4);
    }
}

TEST_CASE("grey becomes colour and colour becomes grey") {
    const auto grey = encoded(cv::Mat(4, 4, CV_8UC1, cv::Scalar(77)), ".png");
    const auto expanded = decode_image(as_bytes(grey), 3);
    CHECK(expanded.shape == ImageShape{3, 4, 4});
    CHECK(pixel(expanded, 2, 3, 3) == 77);
    const auto reduced = decode_image(as_bytes(plain_image(".png", 4, 4, 255, 0, 0)), 1);
    CHECK(reduced.shape == ImageShape{1, 4, 4});
    CHECK(std::abs(pixel(reduced, 0, 0, 0) - 76) <= 1);
}

TEST_CASE("alpha is laid over white") {
    cv::Mat mat(2, 2, CV_8UC4, cv::Scalar(0, 0, 0, 0));
    mat.at<cv::Vec4b>(0, 1) = {0, 0, 200, 255};
    mat.at<cv::Vec4b>(1, 0) = {0, 0, 0, 128};
    for (const std::string extension : {".png", ".webp"}) {
        const std::vector<int> lossless{cv::IMWRITE_WEBP_QUALITY, 101};
        const auto image =
            decode_image(as_bytes(encoded(mat, extension, extension == ".webp" ? lossless : std::vector<int>{})), 3);
        CHECK(pixel(image, 0, 0, 0) == 255);
        CHECK(pixel(image, 0, 0, 1) == 200);
        CHECK(pixel(image, 1, 0, 1) == 0);
        CHECK(pixel(image, 1, 1, 0) == 127);
    }
}

TEST_CASE("16-bit images come out as 8-bit ones") {
    cv::Mat mat(3, 3, CV_16UC4, cv::Scalar(0x8080, 0x4040, 0xFFFF, 0xFFFF));
    const auto image = decode_image(as_bytes(encoded(mat, ".png")), 3);
    CHECK(pixel(image, 0, 1, 1) == 255);
    CHECK(pixel(image, 1, 1, 1) == 0x40);
    CHECK(pixel(image, 2, 1, 1) == 0x80);
}

TEST_CASE("EXIF orientation is applied") {
    // The left half is black: where black is after the turn, in an image of 16x8 or 8x16.
    struct Expected {
        char orientation;
        int height;
        int width;
        int black_y;
        int black_x;
        int white_y;
        int white_x;
    };
    const std::vector<Expected> table{{1, 8, 16, 4, 2, 4, 13}, {2, 8, 16, 4, 13, 4, 2}, {3, 8, 16, 4, 13, 4, 2},
                                      {4, 8, 16, 4, 2, 4, 13}, {5, 16, 8, 2, 4, 13, 4}, {6, 16, 8, 2, 4, 13, 4},
                                      {7, 16, 8, 13, 4, 2, 4}, {8, 16, 8, 13, 4, 2, 4}};
    for (const auto& expected : table) {
        INFO("orientation " << int{expected.orientation});
        const auto image = decode_image(as_bytes(oriented_jpeg(expected.orientation)), 3);
        REQUIRE(image.shape == ImageShape{3, expected.height, expected.width});
        CHECK(pixel(image, 0, expected.black_y, expected.black_x) < 60);
        CHECK(pixel(image, 0, expected.white_y, expected.white_x) > 200);
    }
}

TEST_CASE("an image cut off anywhere is an error, not half an image") {
    for (const std::string extension : {".jpg", ".png", ".bmp", ".webp"}) {
        const auto whole = noisy_image(extension, 24, 32);
        CHECK_NOTHROW(decode_image(as_bytes(whole), 3));
        std::size_t accepted = 0;
        for (std::size_t size = 0; size < whole.size(); size += 1 + size / 40) {
            const auto message = decode_error(whole.substr(0, size));
            accepted += message == "nothing was thrown" ? 1U : 0U;
            CHECK_FALSE(message.starts_with("another kind"));
        }
        accepted += decode_error(whole.substr(0, whole.size() - 1)) == "nothing was thrown" ? 1U : 0U;
        INFO(extension);
        CHECK(accepted == 0);
    }
}

TEST_CASE("a cut JPEG is told from its missing end marker, whatever a thumbnail or padding contains") {
    auto jpeg = noisy_image(".jpg", 64, 64);
    CHECK(lacks(decode_error(jpeg.substr(0, jpeg.size() / 2)), {"JPEG", "cut off", "FF D9"}) == "");
    // A thumbnail's end marker, inside an application segment, is not the image's.
    const std::string segment("\xFF\xE5\x00\x08\xFF\xD8\xFF\xD9\x00\x00", 10);
    auto with_thumbnail = jpeg;
    with_thumbnail.insert(2, segment);
    CHECK_NOTHROW(decode_image(as_bytes(with_thumbnail), 3));
    CHECK(lacks(decode_error(with_thumbnail.substr(0, with_thumbnail.size() / 2)), {"cut off"}) == "");
    // Bytes after the end, and fill bytes before a marker, are harmless.
    CHECK_NOTHROW(decode_image(as_bytes(jpeg + "trailing"), 3));
    CHECK_NOTHROW(decode_image(as_bytes(std::string(jpeg).insert(2, "\xFF\xFF")), 3));
    // A file whose tail was never written: the right size, but zeros.
    std::string zeros = jpeg;
    zeros.replace(jpeg.size() / 2, jpeg.size(), std::string(jpeg.size() - jpeg.size() / 2, '\0'));
    CHECK(lacks(decode_error(zeros), {"cut off"}) == "");
}

TEST_CASE("a JPEG has the size of its first frame header, and no second one") {
    const auto jpeg = noisy_image(".jpg", 64, 64);
    const auto frame = jpeg.find("\xFF\xC0");
    REQUIRE(frame != std::string::npos);
    const std::string second("\xFF\xC0\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0", 13);  // 8 x 8, grey
    for (const auto at : {frame, jpeg.find("\xFF\xDA"), jpeg.size() - 2}) {
        CHECK(lacks(decode_error(std::string(jpeg).insert(at, second)), {"JPEG", "two frame headers"}) == "");
    }
}

TEST_CASE("damage inside a PNG is an error") {
    auto png = noisy_image(".png", 24, 32);
    png[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 0x55);
    CHECK(lacks(decode_error(png), {"PNG", "32 x 24", "damaged"}) == "");
}

TEST_CASE("a damaged WebP header is refused before OpenCV looks for another decoder") {
    const auto lossless =
        encoded(cv::Mat(4, 4, CV_8UC3, cv::Scalar(1, 2, 3)), ".webp", {cv::IMWRITE_WEBP_QUALITY, 101});
    const auto lossy = encoded(cv::Mat(4, 4, CV_8UC3, cv::Scalar(1, 2, 3)), ".webp", {cv::IMWRITE_WEBP_QUALITY, 80});
    CHECK_NOTHROW(decode_image(as_bytes(lossless), 3));
    CHECK_NOTHROW(decode_image(as_bytes(lossy), 3));
    for (auto [webp, at] : {std::pair{lossless, 20}, std::pair{lossy, 23}}) {
        webp[static_cast<std::size_t>(at)] = 'x';
        CHECK(lacks(decode_error(webp), {"WebP", "no image"}) == "");
    }
}

TEST_CASE("a header that claims too many pixels is refused before memory is taken") {
    auto png = plain_image(".png", 4, 4, 1, 2, 3);
    png.replace(16, 8, std::string("\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF", 8));
    CHECK(lacks(decode_error(png), {"2147483647 x 2147483647", "at most 178000000"}) == "");

    auto jpeg = plain_image(".jpg", 4, 4, 1, 2, 3);
    const auto frame = jpeg.find(std::string("\xFF\xC0", 2));
    REQUIRE(frame != std::string::npos);
    jpeg.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF");
    CHECK(lacks(decode_error(jpeg), {"65535 x 65535", "at most"}) == "");

    auto webp = encoded(cv::Mat(4, 4, CV_8UC3, cv::Scalar(1, 2, 3)), ".webp", {cv::IMWRITE_WEBP_QUALITY, 101});
    REQUIRE(webp.substr(12, 4) == "VP8L");
    webp.replace(21, 4, "\xFF\xFF\xFF\x0F");
    CHECK(lacks(decode_error(webp), {"16384 x 16384", "at most"}) == "");

    auto bmp = plain_image(".bmp", 4, 4, 1, 2, 3);
    put_le(bmp, 18, 0x7FFFFFFF);
    put_le(bmp, 22, 0x80000000);
    CHECK(decode_error(bmp) != "nothing was thrown");
}

TEST_CASE("bytes that are no image are described") {
    CHECK(lacks(decode_error(""), {"no bytes at all"}) == "");
    CHECK(lacks(decode_error("GIF89a........"), {"expected a JPEG", "GIF"}) == "");
    CHECK(lacks(decode_error("<html><body>403"), {"text that begins '<html>"}) == "");
    CHECK(lacks(decode_error(std::string("\x01\x02\xFF\x00", 4)), {"01 02 ff 00"}) == "");
    CHECK_FALSE(looks_like_image(as_bytes("BM is not a bitmap, 1234567890")));
    CHECK(looks_like_image(as_bytes(plain_image(".bmp", 1, 1, 1, 2, 3))));
}

TEST_CASE("encode_png and decode_image are inverse") {
    for (const int channels : {1, 3}) {
        Image image{{channels, 3, 4}, {}};
        for (std::size_t i = 0; i < image.shape.pixels(); ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 7));
        const auto back = decode_image(as_bytes(encode_png(image)), channels);
        CHECK(back.shape == image.shape);
        CHECK(back.pixels == image.pixels);
    }
}

TEST_CASE("resize averages areas when shrinking and interpolates when growing") {
    Image stripes{{1, 4, 4}, {}};
    for (int i = 0; i < 16; ++i) stripes.pixels.push_back(i % 2 == 0 ? 0 : 200);
    CHECK(resize(stripes, 4, 4).pixels == stripes.pixels);
    CHECK(resize(stripes, 2, 2).pixels == Bytes(4, 100));
    CHECK(resize(stripes, 1, 1).pixels == Bytes{100});
    const Image step{{1, 1, 2}, {0, 200}};
    CHECK(resize(step, 1, 4).pixels == Bytes{0, 50, 150, 200});
    CHECK(resize(stripes, 8, 1).pixels == Bytes(8, 100));  // one axis each way
    const Image colours{{3, 1, 1}, {1, 2, 3}};
    CHECK(resize(colours, 2, 1).pixels == Bytes{1, 1, 2, 2, 3, 3});
}

TEST_CASE("shrinking by parts of pixels gives what OpenCV's area averaging gives") {
    for (const auto& [height, width, to_height, to_width] : std::vector<std::array<int, 4>>{
             {256, 256, 224, 224}, {37, 91, 32, 90}, {100, 7, 33, 7}, {50, 300, 1, 299}, {65, 64, 32, 3}}) {
        Image image{{3, height, width}, Bytes(static_cast<std::size_t>(3 * height * width))};
        for (std::size_t i = 0; i < image.pixels.size(); ++i)
            image.pixels[i] = static_cast<std::uint8_t>(random_bits({static_cast<std::uint64_t>(height), i}));
        const Image ours = resize(image, to_height, to_width);
        std::int64_t different = 0;
        int largest = 0;
        for (int plane = 0; plane < 3; ++plane) {
            const cv::Mat from(height, width, CV_8U, image.pixels.data() + plane * height * width);
            cv::Mat wanted;
            cv::resize(from, wanted, cv::Size(to_width, to_height), 0, 0, cv::INTER_AREA);
            for (int i = 0; i < to_height * to_width; ++i) {
                const int off = std::abs(pixel(ours, plane, 0, i) - wanted.data[i]);
                different += off == 0 ? 0 : 1;
                largest = std::max(largest, off);
            }
        }
        CAPTURE(height, width, to_height, to_width);
        CHECK(largest <= 1);
        CHECK(different * 500 <= static_cast<std::int64_t>(ours.pixels.size()));
    }
}
