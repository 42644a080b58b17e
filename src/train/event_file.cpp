#include "event_file.hpp"

#include <unistd.h>

#include <array>
#include <chrono>

#include "tundish/base/bytes.hpp"
#include "tundish/base/text.hpp"
#include "tundish/data/record_frames.hpp"
#include "tundish/data/wire_writer.hpp"

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

// Of a PNG's IHDR chunk, which lies at a fixed place.
constexpr std::size_t kPngWidth = 16, kPngHeight = 20;

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
    append_varint_field(session_log, kSessionStatus, kSessionStart);
    add_event(step, kEventSessionLog, session_log);
}

void EventFile::add_scalars(std::int64_t step, const std::vector<Scalar>& scalars) {
    std::string summary;
    for (const auto& scalar : scalars) {
        std::string value;
        append_bytes_field(value, kValueTag, scalar.tag);
        append_float_field(value, kValueSimple, static_cast<float>(scalar.value));
        append_bytes_field(summary, kSummaryValue, value);
    }
    add_event(step, kEventSummary, summary);
}

void EventFile::add_image(std::int64_t step, std::string_view tag, std::string_view png) {
    std::string image;
    append_varint_field(image, kImageHeight, load_be<std::uint32_t>(as_bytes(png).data() + kPngHeight));
    append_varint_field(image, kImageWidth, load_be<std::uint32_t>(as_bytes(png).data() + kPngWidth));
    append_varint_field(image, kImageColorspace, kColorspaceRgb);
    append_bytes_field(image, kImageBytes, png);
    std::string value;
    append_bytes_field(value, kValueTag, tag);
    append_bytes_field(value, kValueImage, image);
    std::string summary;
    append_bytes_field(summary, kSummaryValue, value);
    add_event(step, kEventSummary, summary);
}

void EventFile::add_event(std::int64_t step, std::uint32_t field, std::string_view content) {
    std::string event;
    append_double_field(event, kEventWallTime, seconds_since_1970());
    append_varint_field(event, kEventStep, static_cast<std::uint64_t>(step));
    append_bytes_field(event, field, content);
    std::string record;
    append_tfrecord(record, as_bytes(event));
    file_.append(record);
}

}  // namespace tundish
