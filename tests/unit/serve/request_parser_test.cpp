#include "tundish/serve/request_parser.hpp"

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/framed_bytes.hpp"
#include "support/image_files.hpp"
#include "support/npy_bytes.hpp"
#include "support/requests.hpp"
#include "tundish/data/image_codec.hpp"
#include "tundish/data/image_fit.hpp"
#include "tundish/data/mxnet_record.hpp"

using namespace tundish;
using namespace tundish::testing;

namespace {

const std::vector<float> kPicture{10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30};

std::string picture(const std::string& extension = ".png", int side = 2) {
    return plain_image(extension, side, side, 10, 20, 30);
}

// A white PNG of one pixel.
constexpr auto kBase64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

}  // namespace

TEST_CASE("images of every name for them, and where nothing is said") {
    for (const auto* type :
         {"image/png", "image/jpeg", "IMAGE/PNG; charset=binary", "image/x-image", "application/x-image",
          "application/octet-stream", "", "file-path/raw-bytes", "application/x-www-form-urlencoded",
          "application/whatever", "video/mp4", "binary/octet-stream"}) {
        INFO(type);
        const auto request = parse(type, picture());
        CHECK(values_of(request) == kPicture);
        CHECK(holds_bytes(request));
        CHECK_FALSE(request.form.batch);
        CHECK(request.form.envelope == Envelope::bare);
        CHECK_FALSE(request.suspicious_range);
    }
}

TEST_CASE("images are decoded and resized as in training") {
    const std::string photo = noisy_image(".jpg", 37, 23);
    const auto expected = resize(decode_image(as_bytes(photo), 3), 32, 32);
    const auto request = parse("image/jpeg", photo, {3, 32, 32});
    CHECK(std::get<Bytes>(request.pixels.values) == expected.pixels);
    CHECK(request.pixels.shape == ImageShape{3, 32, 32});
    CHECK(parse("image/bmp", picture(".bmp"), kTinyGrey).pixels.images == 1);
}

TEST_CASE("where training scaled the shorter side and cropped, so do requests") {
    ParseLimits limits;
    limits.resize_short_side = 40;
    const std::string photo = noisy_image(".png", 90, 50);
    const Image decoded = decode_image(as_bytes(photo), 3);
    const Image expected = fit(decoded, {ImageShape{3, 32, 32}, 40, false});
    CHECK(std::get<Bytes>(parse("image/png", photo, {3, 32, 32}, limits).pixels.values) == expected.pixels);
    CHECK(expected.pixels != resize(decoded, 32, 32).pixels);
    const auto [channels, height, width] = decoded.shape;
    const std::string shape =
        "(" + std::to_string(channels) + ", " + std::to_string(height) + ", " + std::to_string(width) + ")";
    const std::string array = npy("|u1", shape, std::string(decoded.pixels.begin(), decoded.pixels.end()));
    CHECK(std::get<Bytes>(parse("application/x-npy", array, {3, 32, 32}, limits).pixels.values) == expected.pixels);
    const std::string fits = npy("|u1", "(1, 2, 2)", "abcd");  // as it is
    CHECK(values_of(parse("application/x-npy", fits, kTinyGrey, limits)) == std::vector<float>{97, 98, 99, 100});
}

TEST_CASE("an image that would become too long before it is cropped is refused") {
    ParseLimits limits;
    limits.resize_short_side = 256;
    limits.max_decoded_bytes = 1 << 20;
    CHECK(refusal("image/png", noisy_image(".png", 1, 1000), {3, 32, 32}, limits).starts_with("413 image_too_large"));
    const std::string line = npy("|u1", "(3, 1, 1000)", std::string(3000, 'a'));
    CHECK(refusal("application/x-npy", line, {3, 32, 32}, limits).starts_with("413 image_too_large"));
}

TEST_CASE("base64 of an image is an image") {
    for (const auto* type :
         {"image/png", "text/plain", "application/octet-stream", "", "application/x-image", "application/foo"}) {
        INFO(type);
        CHECK(values_of(parse(type, kBase64)) == std::vector<float>(12, 255));
        CHECK(values_of(parse(type, std::string("data:image/png;base64,") + kBase64 + "\n")) ==
              std::vector<float>(12, 255));
    }
}

TEST_CASE("bytes that say nothing are looked at") {
    CHECK(values_of(parse("", npy("|u1", "(12,)", "abcdefghijkl"))) == counting(12, 'a'));
    CHECK(values_of(parse("application/x-www-form-urlencoded", "[0,1,2,3,4,5,6,7,8,9,10,11]")) == counting(12));
    const auto raw = parse("application/octet-stream", "abcdefghijkl");
    CHECK(values_of(raw) == counting(12, 'a'));
    CHECK_FALSE(raw.form.batch);
    const auto two = parse("application/octet-stream", std::string(24, '['));
    CHECK(two.pixels.images == 2);
    CHECK(two.form.batch);
}

TEST_CASE("files of other kinds and text are no raw pixels, even where their length is that of images") {
    constexpr ImageShape kModel{3, 32, 32};
    const auto padded = [](std::string begin, char with) { return begin.append(3072 - begin.size(), with); };
    const std::string sentence = "Roses are red,\nviolets are blue. ";
    std::string words;
    while (words.size() < 3072) words += sentence;
    for (const auto& [body, says] : std::vector<std::pair<std::string, std::string>>{
             {padded("GIF89a", '\0'), "a GIF image"},
             {padded(std::string("II*\0", 4), '\0'), "a TIFF image"},
             {padded("\x1f\x8b\x08", '\0'), "gzip"},
             {padded("PK\x03\x04", '\0'), "ZIP"},
             {padded("%PDF-1.7", '\0'), "PDF"},
             {padded("<html>", ' '), "HTML"},
             {padded("<?xml version=\"1.0\"?>", ' '), "XML"},
             {padded(std::string("\0\0\0\x1c", 4) + "ftypheic", '\0'), "HEIC"},
             {words.substr(0, 3072), "text that begins 'Roses are red,'"}}) {
        INFO(says);
        for (const auto* type : {"application/octet-stream", "", "application/x-www-form-urlencoded"}) {
            CHECK(lacks(refusal(type, body, kModel), {"400 unrecognised_body", says, "3072 bytes"}) == "");
        }
        for (const auto* type : {"application/pdf", "text/html", "application/zip", "video/mp4"}) {
            CHECK(lacks(refusal(type, body, kModel), {"415 unsupported_media_type", type}) == "");
        }
    }
}

TEST_CASE("raw pixels are read where the type leaves it open, and not where it says something else") {
    const std::string pixels("\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b", 12);
    for (const auto* type : {"application/octet-stream", "binary/octet-stream", "", "*/*", "file-path/raw-bytes",
                             "application/x-www-form-urlencoded"}) {
        INFO(type);
        CHECK(values_of(parse(type, pixels)) == counting(12));
    }
    for (const auto* type : {"application/pdf", "video/mp4", "application/foo", "text/html"}) {
        INFO(type);
        CHECK(refusal(type, pixels).starts_with("415 unsupported_media_type"));
    }
}

TEST_CASE("dark and plain pictures as raw pixels are not taken for text or numbers") {
    for (const std::string& body : {std::string(12, 'd'), std::string(12, '5'), std::string(12, ','),
                                    std::string(12, '\n'), std::string("5,5,5,5,5,..")}) {
        INFO(body);
        CHECK(parse("application/octet-stream", body).pixels.images == 1);
    }
    std::string mask;
    for (int i = 0; i < 3072; ++i) mask += i % 7 < 3 ? '\n' : 'd';  // 10 and 100
    CHECK(parse("", mask, {3, 32, 32}).pixels.images == 1);
    std::string dark;
    for (int i = 0; i < 3072; ++i) dark += static_cast<char>(35 + i * 7919 % 80);
    CHECK(parse("", dark, {3, 32, 32}).pixels.images == 1);
}

TEST_CASE("CSV is read by its look where the type leaves it open") {
    std::string row = "0";
    for (int i = 1; i < 1536; ++i) row += ",0";
    const ImageShape model{3, 16, 32};
    for (const auto* type : {"application/octet-stream", "", "application/x-www-form-urlencoded", "application/foo"}) {
        INFO(type);
        const auto request = parse(type, row + "\n", model);  // 3,072 bytes: two images' worth of raw pixels
        CHECK(request.pixels.images == 1);
        CHECK(request.form.envelope == Envelope::lines);
    }
    CHECK(lacks(refusal("", "255,255,255\n"), {"400 wrong_shape", "row 0 has 3 numbers; expected 12"}) == "");
}

TEST_CASE("bodies that fit nothing") {
    CHECK(lacks(refusal("application/octet-stream", "hello world"),
                {"400 unrecognised_body", "'hello world'", "12 bytes an image"}) == "");
    CHECK(lacks(refusal("", "\x01\x02"), {"400 unrecognised_body"}) == "");
    CHECK(lacks(refusal("application/pdf", "%PDF"), {"415 unsupported_media_type", "'application/pdf'", "image/png"}) ==
          "");
    for (const auto* type :
         {"multipart/form-data; boundary=x", "application/x-npz", "application/x-recordio-protobuf", "text/libsvm"}) {
        CHECK(lacks(refusal(type, picture()), {"415 unsupported_media_type"}) == "");
    }
    for (const auto* type : {"", "image/png", "application/json", "text/csv", "application/x-npy", "text/plain",
                             "application/foo", "application/x-recordio", "application/jsonlines"}) {
        INFO(type);
        CHECK(lacks(refusal(type, ""), {"400 empty_body"}) == "");
    }
    CHECK(lacks(refusal("image/png", "GIF89a"), {"400 bad_image", "a GIF image"}) == "");
    CHECK(lacks(refusal("image/png", picture().substr(0, 60)), {"400 bad_image", "cut off"}) == "");
    CHECK(refusal("image/png", "\t@\t>").ends_with("text that begins '@'"));
    CHECK(lacks(refusal("application/x-recordio-protobuf", picture()), {"'application/x-recordio-protobuf' is not"}) ==
          "");
    CHECK(refusal("a/" + std::string(9'000, 'b'), "x").size() < 400);
}

TEST_CASE("what newcomers send: the refusal says what to do") {
    CHECK(lacks(refusal("multipart/form-data; boundary=x", picture()),
                {"415 unsupported_media_type", "forms are not read", "--data-binary @image.png", "data=…"}) == "");
    for (const auto* type : {"application/json", "application/jsonlines", "text/csv", "text/plain"}) {
        CHECK(refusal(type, picture(".jpg", 32)) ==
              "400 bad_image: the body is a JPEG image: send Content-Type image/jpeg");
    }
    const std::string dropped = "(curl -d drops bytes: use --data-binary)";
    const auto* of_curl = "application/x-www-form-urlencoded";
    std::string without_breaks = picture();
    std::erase_if(without_breaks, [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
    CHECK(refusal(of_curl, picture().substr(0, 60)).ends_with(dropped));
    CHECK(refusal(of_curl, without_breaks).ends_with(dropped));
    CHECK(refusal("image/png", picture().substr(0, 60)).find(dropped) == std::string::npos);
    CHECK(refusal(of_curl, "[1, 2]").find(dropped) == std::string::npos);
    const std::string gif = refusal("", "GIF89a, and so on");
    CHECK(lacks(gif, {"400 unrecognised_body: the body is a GIF image", "JPEG, PNG, BMP, WebP"}) == "");
    CHECK(gif.find("Give the Content-Type") == std::string::npos);
}

TEST_CASE("recordio: an image a record") {
    std::string mxnet;
    append_mxnet_record(mxnet, 3, 1, as_bytes(picture(".jpg", 32)));
    std::string labelled(24, '\0');  // two labels, of any value, before the pixels
    labelled[0] = 2;
    labelled += "\xff\xff\xff\xff????abcdefghijkl";
    const std::string body =
        recordio_dmlc(picture()) + recordio_dmlc("abcdefghijkl") + recordio_dmlc(mxnet) + recordio_dmlc(labelled);
    for (const auto* type : {"application/x-recordio", "application/octet-stream"}) {
        const auto request = parse(type, body);
        CHECK(request.pixels.images == 4);
        CHECK(request.form.batch);
        const auto values = values_of(request);
        CHECK(std::vector<float>(values.begin(), values.begin() + 12) == kPicture);
        CHECK(std::vector<float>(values.end() - 12, values.end()) == counting(12, 'a'));
    }
    CHECK(parse("application/x-recordio", recordio_dmlc(picture())).form.batch);
}

TEST_CASE("recordio: refusals name the record") {
    const std::string good = recordio_dmlc(picture());
    CHECK(lacks(refusal("application/x-recordio", good + recordio_dmlc("abc")),
                {"400 bad_recordio: record 1: ", "3 bytes"}) == "");
    CHECK(lacks(refusal("application/x-recordio", good + recordio_dmlc(picture().substr(0, 50))),
                {"400 bad_image: record 1: "}) == "");
    CHECK(lacks(refusal("application/x-recordio", good.substr(0, good.size() - 4)),
                {"400 bad_recordio: request body, record 0", "mid-record"}) == "");
    CHECK(lacks(refusal("application/x-recordio", "hello, no record"), {"400 bad_recordio", "'hello, no record'"}) ==
          "");
}

TEST_CASE("limits are kept before memory is taken") {
    ParseLimits limits;
    limits.max_images = 2;
    CHECK(parse("", std::string(24, 'a'), kTinyColour, limits).pixels.images == 2);
    CHECK(lacks(refusal("", std::string(36, 'a'), kTinyColour, limits), {"413 too_large", "more than 2 images"}) == "");
    limits = {};
    limits.max_decoded_bytes = 48;
    CHECK(parse("", std::string(48, 'a'), kTinyColour, limits).pixels.images == 4);
    CHECK(lacks(refusal("", std::string(60, 'a'), kTinyColour, limits), {"413 too_large"}) == "");
    CHECK(lacks(refusal("application/x-npy", npy("<f4", "(2, 12)", std::string(96, '\0')), kTinyColour, limits),
                {"413 too_large"}) == "");
    CHECK(lacks(refusal("image/png", picture(".png", 8), kTinyColour, limits), {"413 image_too_large", "8 x 8"}) == "");
    // a thousand images of one pixel that would be resized
    limits.max_decoded_bytes = 1'000'000;
    CHECK(lacks(refusal("application/x-npy", npy("|u1", "(1000, 3, 1, 1)", std::string(3'000, 'a')), {3, 244, 244},
                        limits),
                {"413 too_large"}) == "");
}

TEST_CASE("a JSON document is limited before it is read, other bodies are not") {
    ParseLimits limits;
    limits.max_json_bytes = 20;
    const std::string json = "[10,10,10,10,20,20,20,20,30,30,30,30]";
    CHECK(lacks(refusal("application/json", json, kTinyColour, limits),
                {"413 too_large", "a JSON document may have 20 bytes", "found 37 bytes", "application/x-npy"}) == "");
    CHECK(values_of(parse("application/jsonlines", json, kTinyColour, limits)) == kPicture);
}
