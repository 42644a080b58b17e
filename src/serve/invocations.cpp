#include "invocations.hpp"

#include <atomic>

#include "tundish/base/log.hpp"
#include "tundish/base/stopwatch.hpp"
#include "tundish/serve/reply_writer.hpp"
#include "tundish/serve/request_parser.hpp"

namespace tundish {
namespace {

constexpr const char* kRangeWarning =
    "all values are at most 1, but pixels are 0..255: if they were scaled, send them unscaled";

// At most once a minute: a client with this fault sends many.
void warn_of_range() {
    static std::atomic<std::int64_t> next_allowed{0};
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
    std::int64_t allowed = next_allowed.load();
    if (now < allowed || !next_allowed.compare_exchange_strong(allowed, now + 60)) return;
    log_warning(std::string("a request was answered although ") + kRangeWarning);
}

std::size_t bytes_of(const PixelBatch& pixels) {
    return std::visit([](const auto& values) { return values.size() * sizeof(values[0]); }, pixels.values);
}

// Small ones are the sockets' in a moment.
MemoryBudget::Lease room_for_reply(std::size_t bytes, WorkingMemory& memory, MemoryBudget::Clock::time_point deadline) {
    constexpr std::size_t kSmall = std::size_t{64} << 10;
    return bytes <= kSmall ? MemoryBudget::Lease() : memory.replies.take(bytes, deadline);
}

// Bodies that are refused take their time as well.
ParsedRequest parse_timed(const HttpRequest& request, const ImageShape& model, const ParseLimits& limits,
                          ServeMetrics& metrics) {
    struct Timer {
        ~Timer() { metrics.observe(ServePhase::decode, watch.seconds()); }
        ServeMetrics& metrics;
        Stopwatch watch;
    };
    const Timer timer{metrics, {}};
    return parse_request(request.headers.get("Content-Type"), as_bytes(request.body), model, limits);
}

}  // namespace

HttpReply answer_invocation(const HttpRequest& request, const ServedModel& model, const ServeOptions& options,
                            WorkingMemory& memory, ServeMetrics& metrics) {
    const auto deadline = Engine::Clock::now() + options.request_time;
    const ClassifierFacts& facts = model.classifier->facts();
    const ReplyType type = choose_reply_type(request.headers.all("Accept"), options.default_reply);
    RequestMemory claimed(memory, deadline);  // until there is an answer: the pixels wait with their request
    const ParseLimits limits{.placeholder_for_bad_lines = options.placeholder_for_bad_lines && options.batch_transform,
                             .resize_short_side = facts.resize_short_side,
                             .memory = &claimed};
    ParsedRequest parsed = parse_timed(request, facts.input, limits, metrics);
    const std::size_t reply_bytes = largest_reply(type, parsed.form, parsed.pixels.images, facts.class_names);
    memory.replies.check_size(reply_bytes);
    claimed.keep(bytes_of(parsed.pixels));
    const auto probabilities = model.engine->classify(std::move(parsed.pixels), deadline, request.gone);
    claimed.keep(0);
    auto for_reply = room_for_reply(reply_bytes, memory, deadline);
    const Stopwatch watch;
    HttpReply reply{200,
                    std::string(content_type_of(type)),
                    write_reply(type, parsed.form, probabilities, facts.class_names, options.batch_transform),
                    {}};
    metrics.observe(ServePhase::encode, watch.seconds());
    reply.memory = std::move(for_reply);
    if (parsed.suspicious_range) {
        reply.headers.add("X-Tundish-Warning", kRangeWarning);
        warn_of_range();
    }
    return reply;
}

}  // namespace tundish
