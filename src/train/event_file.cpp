#include "event_file.hpp"

#include <unistd.h>

#include <array>
#include <chrono>

#include "tundish/base/bytes.hpp"
#include "tundish/base/crc32c.hpp"
#include "tundish/base/text.hpp"

namespace tundish {
namespace {

// Field numbers of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
constexpr std::uint32_t kEventWallTime = 1, kEventStep = 2, kEventFileVersion = 3, kEventSummary = 5,
                        kEventSessionLog = 7;
constexpr std::uint32_t kSummaryValue = 1;
constexpr std::uint32_t kValueTag = 1, kValueSimple = 2, kValueImage = 4;
constexpr std::uint32_t kImageHeight = 1, kImageWidth = 2, kImageColorspace = 3, kImageBytes = 4;
constexpr std::uint32_t kSessionStatus = 1;
constexpr std::uint64_t kSessionStart = 1, kColorspaceRgb = 3;

// Wire types: the low three bits of a field's key.
constexpr std::uint32_t kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5;

void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
    out += static_cast<char>(value);
}

void put_key(std::string& out, std::uint32_t field, std::uint32_t wire_type) {
    put_varint(out, field << 3U | wire_type);
}

void put_integer(std::string& out, std::uint32_t field, std::uint64_t value) {
    put_key(out, field, kVarint);
    put_varint(out, value);
}

void put_bytes(std::string& out, std::uint32_t field, std::string_view content) {
    put_key(out, field, kLengthDelimited);
    put_varint(out, content.size());
    out += content;
}

void put_double(std::string& out, std::uint32_t field, double value) {
    put_key(out, field, kFixed64);
    append_le(out, value);
}

void put_float(std::string& out, std::uint32_t field, float value) {
    put_key(out, field, kFixed32);
    append_le(out, value);
}

// TFRecord: length, its masked sum, the bytes, their masked sum.
std::string frame(std::string_view content) {
    std::string out;
    append_le(out, static_cast<std::uint64_t>(content.size()));
    append_le(out, masked_crc32c(as_bytes(out)));
    out += content;
    append_le(out, masked_crc32c(as_bytes(content)));
    return out;
}

// A big-endian number of a PNG's IHDR chunk, which lies at a fixed place: width at 16, height at 20.
std::uint64_t png_number(std::string_view png, std::size_t at) {
    std::uint64_t value = 0;
    for (const char byte : png.substr(at, 4)) value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
}

double seconds_since_1970() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string file_name() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {"localhost"};
    return text("events.out.tfevents.", fixed(seconds_since_1970(), 0), '.', host.data(), '.', ::getpid(), ".0");
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder) : file_(folder / file_name()) {
    add_event(0, kEventFileVersion, "brain.Event:2");
}

void EventFile::restart_at(std::int64_t step) {
    std::string session_log;
    put_integer(session_log, kSessionStatus, kSessionStart);
    add_event(step, kEventSessionLog, session_log);
}

void EventFile::add_scalars(std::int64_t step, const std::vector<Scalar>& scalars) {
    std::string summary;
    for (const auto& scalar : scalars) {
        std::string value;
        put_bytes(value, kValueTag, scalar.tag);
        put_float(value, kValueSimple, static_cast<float>(scalar.value));
        put_bytes(summary, kSummaryValue, value);
    }
    add_event(step, kEventSummary, summary);
}

void EventFile::add_image(std::int64_t step, std::string_view tag, std::string_view png) {
    std::string image;
    put_integer(image, kImageHeight, png_number(png, 20));
    put_integer(image, kImageWidth, png_number(png, 16));
    put_integer(image, kImageColorspace, kColorspaceRgb);
    put_bytes(image, kImageBytes, png);
    std::string value;
    put_bytes(value, kValueTag, tag);
    put_bytes(value, kValueImage, image);
    std::string summary;
    put_bytes(summary, kSummaryValue, value);
    add_event(step, kEventSummary, summary);
}

void EventFile::add_event(std::int64_t step, std::uint32_t field, std::string_view content) {
    std::string event;
    put_double(event, kEventWallTime, seconds_since_1970());
    put_integer(event, kEventStep, static_cast<std::uint64_t>(step));
    put_bytes(event, field, content);
    file_.append(frame(event));
}

}  // namespace tundish
